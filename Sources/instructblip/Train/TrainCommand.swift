import ArgumentParser

/// The verbs about training.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Tune a checkpoint on instructions, as a plan file says.",
        discussion: """
            A plan is a YAML file: the checkpoint to start from, the data, and how to train; Recipes/ has the paper's and short ones. What is trained
            is the Q-Former with its queries, the projection and the norm behind the image encoder; image encoder and language model stay frozen.

              instructblip train Recipes/own-data.yaml --set data.datasets[0].path=birds.json
              instructblip train Recipes/own-data.yaml --resume
              instructblip train merge runs/own-data --output birds-instructblip
              instructblip ask photo.jpg "Which bird is this?" --model birds-instructblip

            Ctrl-C and SIGTERM end the step that is being computed, save, and exit with 130; --resume goes on from there, to the same numbers as
            without the interruption.
            """,
        subcommands: [TrainRun.self, TrainMerge.self, TrainPlot.self], defaultSubcommand: TrainRun.self)
}
