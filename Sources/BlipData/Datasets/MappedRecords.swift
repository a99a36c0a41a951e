/// A file whose every record is a sample.
struct MappedRecords: SampleCollection {
    private let file: RecordFile
    private let read: @Sendable (_ record: RecordFields, _ index: Int) throws -> Sample

    init(_ file: RecordFile, sample: @escaping @Sendable (_ record: RecordFields, _ index: Int) throws -> Sample) {
        self.file = file
        read = sample
    }

    var count: Int { file.count }
    func sample(_ index: Int) throws -> Sample { try read(RecordFields(file, index), index) }
}
