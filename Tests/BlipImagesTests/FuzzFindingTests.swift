import BlipImages
import Foundation
import Testing

/// What Scripts/fuzz found, one test each.
@Suite struct FuzzFindingTests {
    @Test func `a damaged WebP that is read as a whole is read the same where parts are allowed`() throws {
        let text = """
            UklGRigAAABXRUJQVlA4IBwAAABQAQCdASoBAAEAAUAmJaQAlgAAAFBORw0KGgoAAAANSUhEUgAAAAsAAAAJAQAAAAG7GNsWAAIAFUlEQbMq//8AAAAAAAYFFklEQVQwBDAk\
            MLg9YFi4gEHdgaFiAQCFqwj/////////AMeL/suzaCgAANkmzbMAAAAASUVORK5CAGCC
            """
        let source = ImageSource.data(try #require(Data(base64Encoded: text)))
        let whole = try source.load()
        #expect(whole.width == 1 && whole.height == 1)
        #expect(try source.load(allowTruncated: true) == whole)
    }
}
