/// Keys of other programs' training files, and where a plan says the same: a hint for people who come from there.
///
/// Source: the trainers of transformers and LLaMA-Factory, and the configs of LAVIS.
enum KeySynonyms {
    /// A sentence about a key that no plan has; nil where it is nobody's.
    static func hint(for key: String) -> String? { places[key].map { "a plan says that with \($0)" } }

    private static let places: [String: String] = [
        // transformers and LLaMA-Factory
        "model_name_or_path": "model", "dataset": "data.datasets", "dataset_dir": "data.root", "output_dir": "output",
        "per_device_train_batch_size": "training.micro_batch, and training.batch for all processes together",
        "gradient_accumulation_steps": "training.batch and training.micro_batch: as many pieces are gathered as it takes",
        "num_train_epochs": "training.steps", "max_steps": "training.steps", "warmup_ratio": "training.warmup_steps",
        "lr_scheduler_type": "training.warmup_steps and training.min_learning_rate: it is always a cosine",
        "bf16": "training.precision: bf16", "fp16": "training.precision: fp16", "gradient_checkpointing": "training.recompute",
        "max_grad_norm": "training.clip", "adam_beta1": "training.betas", "adam_beta2": "training.betas",
        "adam_epsilon": "training.epsilon",
        "save_steps": "checkpoints.every", "save_total_limit": "checkpoints.keep", "eval_steps": "validation.every",
        "lora_rank": "lora.rank", "lora_alpha": "lora.alpha", "lora_dropout": "lora.dropout", "lora_target": "lora.targets",
        "finetuning_type": "lora, or train", "freeze_vision_tower": "train: a list of the parts that are not frozen",
        "freeze_language_model": "train: a list of the parts that are not frozen", "cutoff_len": "training.max_instruction_tokens",
        "max_samples": "data.datasets[0].limit", "preprocessing_num_workers": "training.workers",
        "dataloader_num_workers": "training.workers", "resume_from_checkpoint": "the option resume of the verb, not a key",
        "quantization_bit": "model.frozen",
        // LAVIS
        "init_lr": "training.learning_rate", "min_lr": "training.min_learning_rate", "warmup_lr": "training.warmup_learning_rate",
        "max_epoch": "training.steps", "iters_per_epoch": "training.steps", "batch_size_train": "training.batch",
        "accum_grad_iters": "training.batch and training.micro_batch", "num_workers": "training.workers", "amp": "training.precision",
        "use_grad_checkpoint": "training.recompute", "max_txt_len": "training.max_instruction_tokens",
        "max_output_txt_len": "training.max_answer_tokens", "freeze_vit": "train: a list of the parts that are not frozen",
        "pretrained": "model", "train_dataset_ratios": "data.datasets, each with a weight", "beta2": "training.betas",
        "seed": "training.seed and data.seed", "val_freq": "validation.every", "save_freq": "checkpoints.every",
    ]
}
