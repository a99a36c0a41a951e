import ArgumentParser

/// The verbs about evaluation.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Evaluate a checkpoint on the paper's benchmarks, with published numbers beside its own, and on scenes.",
        discussion: """
            Each benchmark is a dataset with the paper's prompt, decoding and metric; eval list shows them, and what sources disagree on. The sets of
            scenes are benchmarks too, which need no files.

              instructblip eval --model instructblip-flan-t5-xl --benchmarks okvqa,vsr --root data --out runs/eval
              instructblip eval --model DIR --benchmarks scienceqa --set scienceqa.context=both --limit 0.1 --root data --out runs/try
              instructblip eval --model DIR --benchmarks scenes-held-in --split val --out runs/scenes
              instructblip eval compare runs/eval runs/other

            Predictions are kept as they come: the same command goes on where it stopped. Launched by instructblip launch, torchrun --no-python,
            mpirun or srun, processes share the work, and the last one puts it together, with the same result.
            """,
        subcommands: [EvalRun.self, EvalList.self, EvalCompare.self], defaultSubcommand: EvalRun.self)
}
