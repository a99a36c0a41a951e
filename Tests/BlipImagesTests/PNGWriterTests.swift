import BlipImages
import Foundation
import Testing

@Suite struct PNGWriterTests {
    @Test(arguments: [(1, 1), (3, 2), (65, 33), (200, 120)])
    func `a written PNG reads back as the same picture`(width: Int, height: Int) throws {
        let image = Fixtures.noise(width: width, height: height, seed: width)
        #expect(try ImageSource.data(try image.pngData()).load() == image)
    }

    @Test func `a file is written, and a folder that is not there is an error`() throws {
        let image = Fixtures.noise(width: 4, height: 3, seed: 1)
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "picture")
            try image.write(png: url)
            #expect(try ImageSource.file(url).load() == image)
            let below = url.appending(path: "x.png")
            let error = #expect(throws: ImageError.self) { try image.write(png: below) }
            #expect(error?.description.hasPrefix("\(below.path()) cannot be written: ") == true)
        }
    }
}
