import ArgumentParser

/// The verbs about datasets.
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at, check, mix and convert the datasets that models are tuned on.",
        discussion: """
            A dataset is one of the catalog (data list), read from its official files below --root, or a file or folder of your own.

              instructblip data list --root /data
              instructblip data show okvqa --root /data --html okvqa.html
              instructblip data check my.json
            """,
        subcommands: [DataList.self, DataShow.self, DataCheck.self, DataStats.self, DataConvert.self, DataMixture.self, DataBench.self])
}
