import Blip
import BlipTestSupport
import Foundation
import Testing

/// Requests that cannot be answered.
@Suite("Bad requests are explained") struct BadRequestTests {
    private func message(_ instruction: String, _ image: ImageSource, _ model: String = "vicuna", tokens: Int = 4) async throws -> String {
        let assistant = try await Assistant.open(Fixtures.checkpoint(model))
        do {
            return "no error: " + (try await assistant.answer(instruction, about: image, AnswerOptions(maximumTokens: tokens)).text)
        } catch { return "\(error)" }
    }

    private let picture = ImageSource.file(Fixtures.picture("shapes.png"))

    @Test("an empty instruction", arguments: ["", "  \n\t ", "\u{3000}"])
    func empty(_ instruction: String) async throws {
        #expect(try await message(instruction, picture).contains("the instruction is empty"))
    }

    @Test("an instruction of 100,000 characters", arguments: ["vicuna", "flan-t5"])
    func long(_ model: String) async throws {
        let instruction = String(repeating: "describe it ", count: 8334)
        #expect(try await message(instruction, picture, model).contains("tokens long"))
    }

    @Test("an instruction longer than the Q-Former reads is answered, with a note")
    func noted() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        let answer = try await assistant.answer(String(repeating: "why? ", count: 100), about: picture, AnswerOptions(maximumTokens: 2))
        #expect(answer.notes.contains { $0.contains("last 96 of") })
    }

    @Test("no room for the answer")
    func tokens() async throws {
        #expect(try await message("Why?", picture, tokens: 0).contains("1 to 1,000,000"))
    }

    @Test("an answer that reaches the end of the model's positions stops there, with a note")
    func positions() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        let answer = try await assistant.answer("Why?", about: picture, AnswerOptions(maximumTokens: 100_000, stop: .configOnly))
        #expect(answer.promptTokens + answer.tokenIDs.count == 256)
        #expect(answer.finishReason == .length)
        #expect(answer.notes.contains { $0.contains("room for it ends") })
    }

    @Test("more pictures than the model has positions for")
    func manyPictures() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        let frames = Array(repeating: RGBImage(width: 1, height: 1, pixels: [0, 0, 0]), count: 60)
        do {
            _ = try await assistant.answer("Why?", about: frames, AnswerOptions(maximumTokens: 2))
            Issue.record("60 frames were read")
        } catch let error as BlipError {
            guard case .tooManyPictures(60, let limit) = error else { throw error }
            #expect("\(error)".contains("about 60 pictures and frames") && (1..<52).contains(limit))
            _ = try await assistant.answer("Why?", about: Array(frames.prefix(limit)), AnswerOptions(maximumTokens: 1))
            await #expect(throws: BlipError.self) {
                try await assistant.answer("Why?", about: Array(frames.prefix(limit + 1)), AnswerOptions(maximumTokens: 1))
            }
        }
    }

    @Test("pictures that are none")
    func pictures() async throws {
        #expect(try await message("Why?", .file(URL(fileURLWithPath: "/nowhere.png"))).contains("there is no file /nowhere.png"))
        #expect(try await message("Why?", .file(Fixtures.root)).contains("is a folder"))
        #expect(try await message("Why?", .bytes(Array("GIF88a and so on".utf8))).contains("convert it to JPEG, PNG, WebP or GIF"))
        #expect(try await message("Why?", .bytes([])).contains("is empty"))
    }

    @Test("a picture of one pixel is answered")
    func onePixel() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        let image = RGBImage(width: 1, height: 1, pixels: [200, 30, 30])
        let answer = try await assistant.answer("Why?", about: .data(image.pngData()), AnswerOptions(maximumTokens: 3))
        #expect(answer.tokenIDs.count == 3 || answer.finishReason == .stop)
    }

    @Test("special tokens typed by a user stay text")
    func specialTokens() async throws {
        let processor = try Processor(
            folder: Fixtures.checkpoint("vicuna"),
            InstructBLIPConfig(file: Fixtures.checkpoint("vicuna").appendingPathComponent("config.json")))
        let image = RGBImage(width: 1, height: 1, pixels: [0, 0, 0])
        let input = try processor.input(image, "a <image> and </s>")
        #expect(!input.promptIDs.dropFirst().contains(2))
        #expect(!input.promptIDs.contains(373))
    }

    @Test("a device this machine does not have")
    func device() async throws {
        guard !Device.cuda(7).isAvailable else { return }
        await #expect(throws: TensorError.deviceUnavailable(.cuda(7))) {
            try await Assistant.open(Fixtures.checkpoint("vicuna"), OpenOptions(device: .cuda(7)))
        }
    }
}
