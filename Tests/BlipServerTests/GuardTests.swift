import Testing

@testable import BlipServer

@Suite("who comes in") struct GuardTests {
    @Test("a key opens, anything else does not")
    func keys() {
        let keys = APIKeys(["first-key", "zweiter-schlüssel"])
        #expect(keys.admit("Bearer first-key"))
        #expect(keys.admit("bearer first-key"))
        #expect(keys.admit("Bearer zweiter-schlüssel"))
        for wrong in [
            nil, "", "first-key", "Bearer", "Bearer ", "Bearer first-ke", "Bearer first-keyy", "Bearer FIRST-KEY", "Basic first-key",
            "Bearer first-key ",
        ] { #expect(!keys.admit(wrong), "\(wrong ?? "nothing")") }
        #expect(APIKeys([]).admit(nil) && APIKeys([]).isOpen)
        #expect(!APIKeys([""]).isOpen)
    }

    @Test(
        "names of this machine",
        arguments: ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "127.9.9.9", "[::1]", "[::1]:8080", "::1"])
    func loopback(_ name: String) {
        #expect(HostRules.isLoopback(name))
        #expect(HostRules(listeningAt: "127.0.0.1").admits(name))
    }

    @Test(
        "names that a page may have given this machine",
        arguments: ["evil.com", "evil.com:8080", "localhost.evil.com", "0.0.0.0", "10.0.0.1", "127.0.0.1.evil.com"])
    func rebinding(_ name: String) {
        #expect(!HostRules.isLoopback(name))
        #expect(!HostRules(listeningAt: "localhost").admits(name))
        #expect(HostRules(listeningAt: "localhost", allowed: [name]).admits(name))
        #expect(HostRules(listeningAt: "0.0.0.0").admits(name), "who listens to others has any name")
        #expect(!HostRules(listeningAt: "0.0.0.0", allowed: ["blip.example"]).admits(name))
    }

    @Test("pages of other places stay outside")
    func origins() {
        let rules = HostRules(listeningAt: "127.0.0.1")
        #expect(rules.admits(origin: nil, authority: "localhost:8080"))
        #expect(rules.admits(origin: "http://localhost:8080", authority: "localhost:8080"))
        for other in ["http://localhost:9090", "https://evil.com", "null", "", "http://localhost"] {
            #expect(!rules.admits(origin: other, authority: "localhost:8080"), "\(other)")
        }
    }

    @Test("listening for others without a key is refused")
    func openAddress() throws {
        var settings = ServerSettings()
        try settings.validate(isInsecure: false)
        for host in ["0.0.0.0", "::", "192.168.1.2", "example.com"] {
            settings.host = host
            settings.keys = APIKeys([])
            #expect(throws: ServerError.openToOthers(host: host)) { try settings.validate(isInsecure: false) }
            try settings.validate(isInsecure: true)
            settings.keys = APIKeys(["key"])
            try settings.validate(isInsecure: false)
        }
    }

    @Test("a budget is given back, and something larger than all of it passes alone")
    func budget() throws {
        let budget = Budget(100)
        var first = budget.reserve(60)
        #expect(first != nil && budget.reserve(60) == nil && budget.inUse == 60)
        #expect(try #require(budget.reserve(20)).grow(by: 30) == false)
        first = nil
        #expect(budget.inUse == 0)
        let large = budget.reserve(1000)
        #expect(large != nil && budget.reserve(1) == nil)
        #expect(budget.reserve(Int.max) == nil && budget.reserve(-1) == nil && budget.inUse == 1000)
    }

    @Test("whoever waits for a client learns that it has gone, once")
    func watch() async {
        let watch = ConnectionWatch()
        let (stream, heard) = AsyncStream.makeStream(of: Int.self)
        let first = watch.whenGone { heard.yield(1) }
        _ = watch.whenGone { heard.yield(2) }
        watch.forget(first)
        watch.gone()
        watch.gone()
        _ = watch.whenGone { heard.yield(3) }
        heard.finish()
        var said: [Int] = []
        for await number in stream { said.append(number) }
        #expect(said == [2, 3])
    }
}
