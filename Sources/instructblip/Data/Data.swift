import ArgumentParser

/// What can be done with data sets.
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at data sets, check and measure them.", subcommands: [DataBench.self])
}
