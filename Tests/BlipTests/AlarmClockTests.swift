import BlipImages
import BlipTestSupport
import Foundation
import Testing

@testable import Blip

@Suite("The alarm clock") struct AlarmClockTests {
    private static var never: ContinuousClock.Instant { .now + .seconds(3600) }

    @Test("alarms ring at their times, in their order, unless they are cancelled")
    func rings() async throws {
        let clock = AlarmClock()
        let (rung, events) = AsyncStream.makeStream(of: Int.self)
        let start = ContinuousClock.now
        let last = start + .milliseconds(60)
        _ = clock.ring(at: Self.never) { events.yield(4) }
        _ = clock.ring(at: last) { events.yield(3) }
        let second = clock.ring(at: start + .milliseconds(40)) { events.yield(2) }
        _ = clock.ring(at: start + .milliseconds(20)) { events.yield(1) }
        #expect(clock.cancel(second) && !clock.cancel(second))
        var found: [Int] = []
        for await number in rung {
            found.append(number)
            if number == 3 { break }
        }
        #expect(found == [1, 3] && .now >= last && clock.count == 1)
    }

    @Test("an alarm with an interval rings until it is cancelled")
    func repeats() async throws {
        let clock = AlarmClock()
        let (rung, events) = AsyncStream.makeStream(of: Void.self)
        let alarm = clock.ring(at: .now, every: .milliseconds(1)) { events.yield() }
        var count = 0
        for await _ in rung {
            count += 1
            if count == 3 { break }
        }
        #expect(clock.cancel(alarm) && clock.count == 0)
    }

    @Test("work ends at its time, or with its own end")
    func within() async throws {
        struct Late: Error {}
        struct Broken: Error {}
        let clock = AlarmClock()
        #expect(try await clock.within(Self.never, else: Late()) { 7 } == 7)
        await #expect(throws: Broken.self) { try await clock.within(Self.never, else: Late()) { throw Broken() } }
        await #expect(throws: Late.self) { try await clock.within(.now, else: Late()) { try await Task.sleep(for: .seconds(3600)) } }
        let task = Task { try await clock.within(Self.never, else: Late()) { try await Task.sleep(for: .seconds(3600)) } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.count == 0)
    }

    @Test("questions that are answered leave no alarms, and one task that sleeps")
    func questions() async throws {
        let scheduler = AnswerScheduler(try await Assistant.open(Fixtures.checkpoint("flan-t5")))
        let picture = try ImageSource.file(Fixtures.picture("shapes.png")).load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Put in one after the other: later ones end later, as a server's do.
            for _ in 0..<20 {
                let events = try scheduler.submit(
                    ServedQuestion(
                        pictures: [picture], instruction: "Why?", options: AnswerOptions(maximumTokens: 3), deadline: Self.never))
                group.addTask {
                    let answer = try await Served(events).answer
                    #expect(answer != nil)
                }
            }
            try await group.waitForAll()
        }
        #expect(scheduler.queue.clock.count == 0 && scheduler.queue.clock.sleepers == 1)
        for _ in 0..<5 { #expect(try await scheduler.perform(deadline: Self.never) { _ in 1 } == 1) }
        #expect(scheduler.queue.clock.count == 0 && scheduler.queue.clock.sleepers == 1)
    }
}
