import BlipJSON
import Foundation
import Testing

@testable import BlipScenes

@Suite("Descriptions of scenes")
struct SceneFactsTests {
    private let scene = Scene(
        background: .room, light: .dim,
        objects: [
            SceneObject(.fish, .blue, .large, .striped, x: 0.2, y: 0.2), SceneObject(.sign, .orange, x: 0.5, y: 0.8, text: "GO"),
            SceneObject(.arrow, .red, .small, x: 0.3, y: 0.3, turn: 90), SceneObject(.circle, .black, .large, x: 0.8, y: 0.5, text: "7"),
        ])

    @Test("the description says everything in full sentences")
    func sentences() {
        #expect(
            SceneDescription(scene).text
                == "The picture shows four objects in a room. A large blue striped fish is in the top left. "
                + "A small red arrow pointing down is in the top left. A large black circle is on the right and has the number 7 on it. "
                + "An orange sign is at the bottom and says GO. The fish is behind the arrow. The arrow is to the left of and above the circle. "
                + "The circle is to the right of and above the sign. The light is dim.")
        let chart = Scene(chart: SceneChart(.bars, [.init("B", .red, 3), .init("A", .blue, 9)]))
        #expect(
            SceneDescription(chart).text
                == "The picture shows a bar chart with two bars. Bar B is red and 3 high. Bar A is blue and 9 high.")
    }

    @Test("JSON has every fact, and relations by numbers from one")
    func json() throws {
        let facts = try JSONValue(parsing: [UInt8](JSONEncoder().encode(SceneFacts(scene))))
        let objects = try #require(facts["objects"]?.array)
        #expect(objects.count == 4)
        #expect(
            objects[0]["kind"]?.string == "fish" && objects[0]["texture"]?.string == "striped" && objects[0]["place"]?.string == "top left")
        #expect(objects[1]["text"]?.string == "GO" && objects[2]["direction"]?.string == "down")
        let relations = try #require(facts["relations"]?.array)
        #expect(relations[0]["object"]?.integer == 1 && relations[0]["other"]?.integer == 2)
        #expect(relations[0]["relations"]?.array?.map(\.string) == ["left of", "above"])
        #expect(relations.contains { $0["relations"]?.array?.contains { $0.string == "in front of" } == true })
        #expect(facts["texts"]?.array?.map(\.string) == ["7", "GO"])
    }

    @Test("words that mean one object alone are found, or none")
    func references() {
        #expect(scene.reference(to: 0) == "the fish")
        var twins = scene
        twins.objects[2] = SceneObject(.fish, .blue, .small, x: 0.7, y: 0.3)
        #expect(twins.reference(to: 2) == "the small fish")
        #expect(twins.reference(to: 2, avoiding: [.size]) == nil)
        #expect(twins.reference(to: 0, avoiding: [.size]) == "the striped fish")
        twins.objects[0] = twins.objects[2]
        #expect(twins.reference(to: 0) == nil)
    }

    @Test("English is written with care")
    func words() {
        #expect(Phrases.withArticle("orange star") == "an orange star" && Phrases.withArticle("star") == "a star")
        #expect(Phrases.list(["a"]) == "a" && Phrases.list(["a", "b", "c"]) == "a, b and c" && Phrases.list([]) == "")
        #expect(Phrases.number(3) == "three" && Phrases.number(40) == "40")
        #expect(
            Scene(objects: [scene.objects[0], scene.objects[0], scene.objects[1]]).inventory([.color]) == "two blue fish and an orange sign"
        )
    }
}
