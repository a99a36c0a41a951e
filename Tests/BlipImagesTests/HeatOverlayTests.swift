import BlipImages
import Testing

@Suite("Heat maps are drawn") struct HeatOverlayTests {
    private let grey = RGBImage(width: 40, height: 20, pixels: [UInt8](repeating: 128, count: 40 * 20 * 3))

    @Test("the warmest place is red and the coldest blue")
    func colours() {
        let drawn = HeatOverlay.draw([0, 0, 0, 1], rows: 2, columns: 2, over: grey)
        let (warm, cold) = (drawn[39, 19], drawn[0, 0])
        #expect(warm.red > 180 && warm.blue < 80)
        #expect(cold.blue > cold.red)
        #expect(drawn.width == 40 && drawn.height == 20)
    }

    @Test("equal weights and single cells draw without a division by zero")
    func flat() {
        #expect(HeatOverlay.draw([0.3], rows: 1, columns: 1, over: grey).pixels.count == grey.pixels.count)
        let drawn = HeatOverlay.draw([1, 1, 1, 1, 1, 1], rows: 2, columns: 3, over: grey)
        #expect(Set(drawn.pixels).count <= 3)
    }

    @Test("what is no number is cold, and what is infinite, too")
    func notFinite() {
        let numbers = HeatOverlay.draw([0, 0, 1, 0], rows: 2, columns: 2, over: grey)
        #expect(HeatOverlay.draw([.nan, 0, 1, -.infinity], rows: 2, columns: 2, over: grey).pixels == numbers.pixels)
        #expect(HeatOverlay.draw([.nan, .nan], rows: 1, columns: 2, over: grey).pixels.count == grey.pixels.count)
        let far = Float.greatestFiniteMagnitude
        #expect(HeatOverlay.draw([-far, -far, far, -far], rows: 2, columns: 2, over: grey).pixels == numbers.pixels)
    }

    @Test("a sheet puts pictures in rows with gaps")
    func sheet() {
        let sheet = HeatOverlay.sheet([grey, grey, grey], columns: 2, gap: 4)
        #expect(sheet.width == 84 && sheet.height == 44)
        #expect(sheet[41, 10].red == 255 && sheet[60, 10].red == 128 && sheet[60, 30].red == 255)
    }
}
