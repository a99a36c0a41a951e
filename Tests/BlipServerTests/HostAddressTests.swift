import Testing

@testable import BlipServer

@Suite("addresses that pictures may come from") struct HostAddressTests {
    /// Source: the registries of special-purpose addresses of IANA.
    @Test(
        "addresses of this machine, private networks and special purposes are not public",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
            "169.254.169.254",
            "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1",
            "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
            "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
            "100::1",
            "2001::1", "2001:0:4136:e378::1", "2001:10::1", "2001:20::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
            "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "::ffff:0:127.0.0.1",
        ])
    func notPublic(_ text: String) throws {
        let address = try #require(HostAddress(text), "\(text) is an address")
        #expect(!address.isPublic, "\(text) is not public")
    }

    @Test(
        "addresses of the open internet are public",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255", "100.128.0.0", "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:831::200e", "2001:4860:4860::8888", "2003::1",
        ])
    func isPublic(_ text: String) throws {
        #expect(try #require(HostAddress(text)).isPublic, "\(text) is public")
    }

    @Test(
        "only plain spellings are addresses",
        arguments: [
            "0x7f.0.0.1", "0x7f000001", "2130706433", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.01", "127.0.0.256", "127.0.0.1.",
            " 127.0.0.1",
            "127.0.0.1 ", "+127.0.0.1", "127.0.0.-1", "١٢٧.0.0.1", "fe80::1%eth0", "[::1", "::1]x", "1::2::3", "", "....", "127.0.0.1:80",
        ])
    func spellings(_ text: String) { #expect(HostAddress(text) == nil, "\(text) is not taken for an address") }

    @Test("an address is written as a connection is made to it")
    func written() throws {
        #expect(try #require(HostAddress("93.184.216.34")).description == "93.184.216.34")
        #expect(try #require(HostAddress("[2606:2800:0220:0001::1]")).description == "2606:2800:220:1::1")
    }
}

@Suite("addresses of pictures are read once") struct MediaAddressTests {
    @Test("parts of an address")
    func parts() throws {
        let address = try MediaAddress("HTTPS://Pictures.Example.com:8443/a%20b/c.png?x=1&y=2#top")
        #expect(address.isSecure && address.host == "pictures.example.com" && address.port == 8443)
        #expect(address.path == "/a%20b/c.png?x=1&y=2")
        #expect(address.text == "https://pictures.example.com:8443/a%20b/c.png?x=1&y=2")
        let bare = try MediaAddress("http://example.com?x")
        #expect(bare.path == "/?x" && bare.port == 80 && bare.hasUsualPort)
        let six = try MediaAddress("https://[2606:2800:220:1::1]/a")
        #expect(six.host == "2606:2800:220:1::1" && six.text == "https://[2606:2800:220:1::1]:443/a")
    }

    @Test(
        "addresses that readers disagree about are refused",
        arguments: [
            #"https://example.com\@169.254.169.254/"#, #"https:\\example.com/"#, #"https://example.com/a\b"#, "https://user@example.com/",
            "https://example.com@169.254.169.254/", "https://example.com:80@127.0.0.1/", "https://0x7f.1/", "https://0x7f000001/",
            "https://2130706433/", "https://127.1/", "https://0177.0.0.1/", "https://127.0.0.1.nip.1/", "https://[fe80::1%25eth0]/",
            "https://[::1",
            "https://[::1]x/", "https://[127.0.0.1]/", "https://exa mple.com/", "https://example.com /", "https://example.com/a b",
            "https://example.com/\u{0}", "https://example.com/\r\nHost: other", "https://exämple.com/", "https://ⓔxample.com/",
            "https://example%2ecom/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:/",
            "https://example.com:8a/",
            "https://.example.com/", "https://example..com/", "https://example.com./", "https:///a", "https://", "ftp://example.com/",
            "file:///etc/passwd", "gopher://example.com/", "//example.com/", "javascript:alert(1)", "https:/example.com/",
            " https://example.com/",
            "https://" + String(repeating: "a", count: 64) + ".com/", "https://example.com/" + String(repeating: "a", count: 2048),
        ])
    func traps(_ text: String) { #expect(throws: MediaAddressError.self) { try MediaAddress(text) } }

    @Test("a redirect leads to the same host, or is read like any address")
    func redirects() throws {
        let origin = try MediaAddress("https://example.com:8443/a/b")
        #expect(try MediaAddress("/c?d", from: origin).text == "https://example.com:8443/c?d")
        #expect(try MediaAddress("https://other.org/", from: origin).host == "other.org")
        for trap in ["//169.254.169.254/", "http:169.254.169.254", "c", #"/\evil.com"#, "/a b"] {
            #expect(throws: MediaAddressError.self, "\(trap)") { try MediaAddress(trap, from: origin) }
        }
    }

    @Test("hosts are allowed by name, below a name, and by port")
    func allowed() throws {
        var rules = MediaRules()
        rules.domains = ["example.com", "*.pictures.org", "cdn.net:8443", "93.184.216.34", "[2606:2800:220:1::1]:444"]
        for right in [
            "https://example.com/", "https://EXAMPLE.com:443/", "http://example.com/", "https://a.pictures.org/",
            "https://a.b.pictures.org/",
            "https://cdn.net:8443/", "https://93.184.216.34/", "https://[2606:2800:220:1::1]:444/",
        ] { #expect(rules.allows(try MediaAddress(right)), "\(right)") }
        for wrong in [
            "https://example.com:444/", "https://www.example.com/", "https://example.com.evil.net/", "https://pictures.org/",
            "https://evilpictures.org/", "https://cdn.net/", "https://notexample.com/", "https://[2606:2800:220:1::1]/",
        ] { #expect(!rules.allows(try MediaAddress(wrong)), "\(wrong)") }
    }
}
