import BlipTraining
import Foundation
import Synchronization
import Testing

@Suite("Results come in order, whoever makes them") struct OrderedPrefetchTests {
    private struct Broken: Error, Equatable { let index: Int }

    /// What jobs did, counted from all threads.
    private final class Tally: Sendable {
        private let counts = Mutex((running: 0, most: 0, begun: 0))

        func begin() {
            counts.withLock {
                $0.running += 1
                $0.begun += 1
                $0.most = max($0.most, $0.running)
            }
        }
        func end() { counts.withLock { $0.running -= 1 } }
        var running: Int { counts.withLock { $0.running } }
        var most: Int { counts.withLock { $0.most } }
        var begun: Int { counts.withLock { $0.begun } }
    }

    /// Waits for what another thread does soon.
    private func soon(_ condition: () -> Bool) -> Bool {
        let end = Date(timeIntervalSinceNow: 20)
        while !condition() {
            if Date() > end { return false }
            Thread.sleep(forTimeInterval: 0.001)
        }
        return true
    }

    private func nap(_ index: Int, _ seed: Int) {
        let value = UInt64(truncatingIfNeeded: index &* 7919 &+ seed) &* 0x9E37_79B9_7F4A_7C15
        usleep(UInt32(value >> 54))  // at most a millisecond
    }

    @Test("every number of workers and every depth gives the same results", arguments: [0, 1, 2, 4, 8], [1, 3, 16, 4096])
    func order(_ workers: Int, _ depth: Int) throws {
        let results = try OrderedPrefetch(5..<405, workers: workers, depth: depth) { [self] index in
            nap(index, workers)
            if index % 7 == 3 { throw Broken(index: index) }
            return index * index
        }
        var next = 5
        while let result = results.next() {
            switch result {
            case .success(let value): #expect(value == next * next && next % 7 != 3)
            case .failure(let error): #expect(error as? Broken == Broken(index: next) && next % 7 == 3)
            }
            next += 1
        }
        #expect(next == 405)
        #expect(results.next() == nil && results.next() == nil && !results.isCancelled)
    }

    @Test("nothing to do gives nothing", arguments: [0, 3]) func nothing(_ workers: Int) throws {
        let results = try OrderedPrefetch(7..<7, workers: workers, depth: 2) { $0 }
        #expect(results.next() == nil)
    }

    @Test("at most `depth` results exist that nobody took, whoever is slower", arguments: [1, 2, 4, 8])
    func bounded(_ workers: Int) throws {
        let (tally, depth) = (Tally(), 5)
        let results = try OrderedPrefetch(0..<Int.max, workers: workers, depth: depth) { index in
            tally.begin()
            defer { tally.end() }
            return index
        }
        for taken in 0..<50 {
            // All that may be made is made, and no more.
            #expect(soon { tally.begun == taken + depth && tally.running == 0 })
            usleep(200)
            #expect(tally.begun == taken + depth)
            #expect(try results.next()?.get() == taken)
        }
        #expect(tally.most <= workers)
    }

    @Test("numbers at the end of what an integer holds are done, too") func largest() throws {
        let results = try OrderedPrefetch(Int.max - 3..<Int.max, workers: 2, depth: 8) { $0 }
        #expect(try results.map { try $0.get() } == [Int.max - 3, Int.max - 2, Int.max - 1])
    }

    @Test("workers work at the same time") func parallel() throws {
        let tally = Tally()
        let results = try OrderedPrefetch(0..<4, workers: 4, depth: 4) { [self] index in
            tally.begin()
            // Ends only when all four run.
            let met = soon { tally.most == 4 }
            tally.end()
            return met
        }
        #expect(try results.map { try $0.get() } == [true, true, true, true])
    }

    @Test("a slow first job holds back the others' results, not their work") func slowest() throws {
        let released = Mutex(false)
        let tally = Tally()
        let results = try OrderedPrefetch(0..<100, workers: 2, depth: 10) { [self] index in
            tally.begin()
            if index == 0 { _ = soon { released.withLock { $0 } } }
            return index
        }
        #expect(soon { tally.begun == 10 })
        released.withLock { $0 = true }
        #expect(try results.map { try $0.get() } == Array(0..<100))
    }

    @Test("cancelled, it ends at once for who waits in it, and begins no job") func cancelled() throws {
        let tally = Tally()
        let released = Mutex(false)
        let results = try OrderedPrefetch(0..<1000, workers: 2, depth: 8) { [self] index in
            tally.begin()
            _ = soon { released.withLock { $0 } }
            tally.end()
            return index
        }
        #expect(soon { tally.running == 2 })
        let canceller = Thread {
            usleep(20_000)
            results.cancel()
        }
        canceller.start()
        // Both jobs hang, so this can only end by being cancelled.
        #expect(results.next() == nil && results.isCancelled && tally.running == 2)
        released.withLock { $0 = true }
        #expect(soon { tally.running == 0 })
        usleep(20_000)
        #expect(tally.begun == 2 && results.next() == nil)
        results.cancel()
    }

    @Test("cancelled while results wait, it gives none of them", arguments: [0, 2]) func emptied(_ workers: Int) throws {
        let results = try OrderedPrefetch(0..<100, workers: workers, depth: 8) { $0 }
        #expect(try results.next()?.get() == 0)
        results.cancel()
        #expect(results.next() == nil)
    }

    /// Lives as long as somebody holds it.
    private final class Held: Sendable {}

    @Test("dropped while busy, it lets go of everything and its threads end", arguments: [0, 1, 4]) func dropped(_ workers: Int) throws {
        let tally = Tally()
        weak var held: Held?
        do {
            let object = Held()
            held = object
            let results = try OrderedPrefetch(0..<Int.max, workers: workers, depth: 16) { index in
                tally.begin()
                defer { tally.end() }
                usleep(500)
                return (index, object)
            }
            for index in 0..<20 { #expect(try results.next()?.get().0 == index) }
        }
        #expect(soon { held == nil && tally.running == 0 })
        let begun = tally.begun
        usleep(20_000)
        #expect(tally.begun == begun && begun <= 20 + 16)
    }

    @Test("several takers share the results, each in order") func takers() throws {
        let results = try OrderedPrefetch(0..<2000, workers: 4, depth: 8) { $0 }
        let taken = Mutex<[[Int]]>([])
        let threads = (0..<3).map { _ in
            Thread {
                var own: [Int] = []
                while let result = results.next() { if case .success(let value) = result { own.append(value) } }
                taken.withLock { $0.append(own) }
            }
        }
        for thread in threads { thread.start() }
        #expect(soon { taken.withLock { $0.count } == 3 })
        let lists = taken.withLock { $0 }
        #expect(lists.allSatisfy { $0 == $0.sorted() } && lists.flatMap(\.self).sorted() == Array(0..<2000))
    }

    @Test("many short lives leave nothing behind") func many() throws {
        weak var held: Held?
        do {
            let object = Held()
            held = object
            for round in 0..<200 {
                let results = try OrderedPrefetch(0..<50, workers: 1 + round % 8, depth: 1 + round % 5) { index in
                    _ = object
                    return index
                }
                for index in 0..<round % 60 { #expect(try results.next()?.get() == (index < 50 ? index : nil)) }
            }
        }
        #expect(soon { held == nil })
    }

    @Test("numbers out of range are errors") func refused() {
        for (workers, depth) in [(-1, 1), (4097, 1), (1, 0), (1, 4097), (1, Int.min)] {
            #expect(throws: LoadingError.self) { try OrderedPrefetch(0..<1, workers: workers, depth: depth) { $0 } }
        }
        let error = LoadingError.outOfRange(name: "the number of workers", found: -1, allowed: 0...4096)
        #expect("\(error)" == "the number of workers must be 0 to 4096, but it is -1")
    }
}
