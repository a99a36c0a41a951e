/// A sample after its template: what the model is told and what it should say.
public struct Example: Sendable, Equatable {
    public var dataset: String
    /// The sample's id.
    public var sample: String
    public var images: [SampleImage]
    public var instruction: String
    /// Casing and punctuation are the dataset's.
    public var answer: String
    /// What is in the pictures, as ``Sample/descriptions``.
    public var descriptions: [PictureDescription]

    public init(
        dataset: String, sample: String, images: [SampleImage], instruction: String, answer: String,
        descriptions: [PictureDescription] = []
    ) {
        self.dataset = dataset
        self.sample = sample
        self.images = images
        self.instruction = instruction
        self.answer = answer
        self.descriptions = descriptions
    }
}
