public import BlipData

/// Datasets by name: those of the world outside, read from files, and scenes, which need none.
public enum NamedDatasets {
    public static let all = DatasetCatalog.all + SceneCatalog.all + SceneCatalog.lessons

    /// - Throws: ``DataError/unknownDataset(name:nearest:)``.
    public static func dataset(_ name: String) throws(DataError) -> DatasetDefinition {
        if let found = all.first(where: { $0.name == name }) { return found }
        throw .unknownDataset(name: name, nearest: Spelling.nearest(to: name, among: all.map(\.name)))
    }
}
