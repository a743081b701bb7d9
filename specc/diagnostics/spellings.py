"""What Lightning, timm, transformers, fastai, Ultralytics, Ludwig, axolotl and Keras call things, and the names here.

Words are in lower case, with underscores for hyphens, as they are compared.
"""

from typing import Final

_KEYS: Final = {
    # the spec itself
    "name": "experiment experiment_name run_name exp_name project_name",
    "seed": "random_seed random_state manual_seed seed_everything",
    "augment": "augmentation augmentations transforms preprocessing",
    "evaluate": "evaluation eval_config validation",
    "stages": "phases schedule_stages training steps_table",
    # data
    "source": "data_type format dataset_type type reader",
    "root": "data_dir data_path dataset_dir dataset_path image_dir img_dir data_root image_folder",
    "path": "data csv csv_path csv_file manifest data_file annotation_file",
    "train": "train_file train_csv train_dir train_path train_data train_set train_data_dir training_set",
    "val": "valid validation val_file val_csv val_dir val_path val_data val_set valid_csv eval_data validation_set",
    "test": "test_file test_csv test_dir test_path test_data test_set",
    "image": "image_column image_col image_path img_col filename file_name x_col",
    "labels": "label target targets label_column label_col target_column y_col output_features",
    "input": "input_features inputs text_column",
    "group": "groups group_col group_column group_by",
    "limit": "subset max_samples sample_size max_train_samples limit_train_batches train_percent_check overfit_batches",
    "cache": "cache_dir",
    "num_workers": "workers n_workers dataloader_num_workers nw num_proc",
    "channels": "in_chans in_channels num_channels input_channels n_channels ch",
    "folder": "from_folder",
    "within": "parent parent_label child_of",
    "rare": "imbalance few_shot",
    # augment
    "eval": "val_transforms valid_transforms test_transforms eval_transforms val_transform test_transform item_tfms",
    "views": "contrastive_transforms two_crops",
    # model
    "backbone": "architecture arch model_name backbone_name encoder timm_model net network model model_type base_model",
    "pretrained": "weights use_pretrained imagenet from_pretrained",
    "start_from": "checkpoint ckpt ckpt_path initial_checkpoint pretrained_path load_from finetune_from weights_path",
    "drop_path_rate": "drop_path stochastic_depth drop_path_prob sd_prob drop_connect_rate",
    "norm": "norm_layer normalization",
    "heads": "head classifier classifiers outputs",
    "ema_decay": "ema model_ema use_ema model_ema_decay ema_rate",
    "kind": "type head_type",
    "hidden": "hidden_dim hidden_size mlp_dim",
    "out": "out_features out_dim num_outputs output_dir save_dir default_root_dir log_dir runs_dir",
    "dropout": "drop drop_rate dropout_rate p_dropout",
    # stages
    "epochs": "max_epochs num_epochs n_epochs nb_epochs num_train_epochs max_epoch n_epoch",
    "steps": "max_steps num_steps total_steps iterations max_iters num_iters train_steps",
    "lr": "learning_rate base_lr lr0 initial_lr init_lr lr_init max_lr lr_max lr_rate",
    "rates": "lr_multipliers lr_mult param_groups discriminative_lr lrs",
    "optimizer": "opt optim optimizer_name opt_func",
    "max_grad_norm": "clip_grad grad_clip gradient_clip gradient_clip_val gradient_clip_norm gradient_clipping "
    "clip_norm clip_grad_norm max_norm clip l2_norm_clip",
    "batch_size": "batch bs batchsize train_batch_size bsz total_batch_size global_batch_size",
    "micro_batch_size": "per_device_train_batch_size per_device_batch_size microbatch micro_batch",
    "grad_accum_steps": "gradient_accumulation_steps accumulate_grad_batches grad_accum accum_iter accumulate "
    "accumulation_steps gradient_accumulation",
    "precision": "amp fp16 bf16 half mixed_precision use_amp tf32 dtype",
    "compile": "torch_compile torchcompile",
    "loss": "criterion loss_fn loss_func loss_function objective",
    "mix": "mixing batch_augment cutmix_mixup",
    "sample": "sampler sampling weighted_sampling",
    "stop": "early_stopping early_stop earlystopping callbacks",
    "checkpoint_every": "save_every save_steps save_period checkpoint_interval every_n_epochs every_n_train_steps "
    "save_freq save_interval",
    # evaluate
    "metrics": "metric eval_metrics",
    "best": "monitor metric_for_best_model best_metric eval_metric validation_metric save_best",
    "expect": "thresholds goals",
    "every": "val_interval eval_every check_val_every_n_epoch eval_interval val_every validation_freq eval_steps",
    # privacy, run, sweep, export
    "noise_multiplier": "noise sigma noise_scale",
    "target_epsilon": "epsilon eps",
    "target_delta": "delta",
    "device": "gpu gpus cuda accelerator gpu_ids",
    "devices": "num_gpus n_gpu world_size num_devices num_processes nproc_per_node",
    "loggers": "logger logging report_to log_with",
    "engine": "strategy backend distributed_backend launcher",
    "grid": "search_space parameters hyperparameters",
    "trials": "n_trials num_samples num_trials",
    "formats": "export_format",
}

_FUNCTIONS: Final = {
    # losses
    "cross_entropy": "crossentropyloss crossentropy ce ce_loss cross_entropy_loss categorical_crossentropy softmax "
    "sparse_categorical_crossentropy labelsmoothingcrossentropy softtargetcrossentropy nll nll_loss nllloss",
    "focal": "focalloss focal_loss sigmoid_focal_loss",
    "binary_cross_entropy": "bce bceloss bce_loss bcewithlogitsloss bce_with_logits binary_crossentropy",
    "nt_xent": "ntxent ntxentloss ntxent_loss nt_xent_loss infonce info_nce simclr_loss contrastive",
    "distill": "kd kl kl_div kldivloss distillation knowledge_distillation kd_loss",
    # metrics
    "top1": "accuracy acc acc1 top_1 top1_accuracy accuracy_score val_acc val_accuracy accuracy_top1 sparse_accuracy",
    "top5": "acc5 top_5 top5_accuracy accuracy_top5",
    "macro_f1": "f1 f1_score f1score f1_macro macro_f1_score val_f1",
    "exact_match": "em exact sequence_accuracy",
    "edit_rate": "per cer wer phoneme_error_rate char_error_rate word_error_rate levenshtein edit_distance",
    "knn": "knn_accuracy knn_eval nearest_neighbors",
    "loss": "val_loss eval_loss validation_loss valid_loss test_loss",
    # transforms
    "hflip": "randomhorizontalflip horizontal_flip horizontalflip random_horizontal_flip flip fliplr flip_lr",
    "vflip": "randomverticalflip vertical_flip verticalflip random_vertical_flip flipud flip_ud",
    "random_resized_crop": "randomresizedcrop rrc random_resize_crop",
    "random_crop": "randomcrop",
    "center_crop": "centercrop",
    "rotate": "randomrotation rotation random_rotation",
    "translate": "randomaffine affine shift",
    "color_jitter": "colorjitter jitter colour_jitter",
    "brightness_contrast": "randombrightnesscontrast",
    "grayscale": "randomgrayscale random_grayscale tograyscale togray to_gray greyscale",
    "blur": "gaussianblur gaussian_blur randomgaussianblur",
    "noise": "gaussnoise gaussian_noise gaussiannoise",
    "iso_noise": "isonoise",
    "jpeg": "imagecompression jpeg_compression image_compression",
    "shadow": "randomshadow",
    "erase": "randomerasing random_erasing random_erase cutout coarsedropout coarse_dropout",
    "randaugment": "randaug rand_augment rand_aug",
    "trivial_augment": "trivialaugment trivialaugmentwide",
    "one_of": "oneof randomchoice random_choice",
    # schedules
    "cosine": "cosineannealinglr cosine_annealing cosineannealing cosine_decay cosinelrscheduler cosine_schedule cos",
    "linear": "linearlr linear_decay linear_schedule",
    "step": "steplr multistep multisteplr step_decay exponentiallr",
    "plateau": "reducelronplateau reduce_on_plateau reduce_lr_on_plateau plateaulrscheduler",
    "polynomial": "polynomiallr poly polylr polynomial_decay",
    "onecycle": "onecyclelr one_cycle fit_one_cycle",
    "constant": "constantlr const constant_lr",
    "warmup": "linear_warmup warm_up warmuplr",
    # optimizers, mixing, splits, sampling, rates
    "adamw": "adamw_torch adamw_hf fusedadamw adamw_torch_fused",
    "adam": "fusedadam",
    "lamb": "fusedlamb",
    "mixup": "mix_up randommixup",
    "cutmix": "cut_mix randomcutmix",
    "random": "train_test_split random_split randomsplitter shuffle",
    "stratified": "stratifiedshufflesplit stratified_split stratify",
    "stratified_kfold": "kfold k_fold stratifiedkfold cross_validation",
    "group_kfold": "groupkfold stratifiedgroupkfold group_k_fold",
    "balanced": "weightedrandomsampler class_balanced balance oversample class_weights",
    "layer_decay": "llrd layerwise_decay layer_wise_decay layerwise_lr_decay",
    "seq2seq": "encoder_decoder transformer lstm gru",
}

_ARGUMENTS: Final = {
    "weight_decay": "wd l2 decay",
    "beta1": "momentum",
    "label_smoothing": "smoothing smooth epsilon",
    "temperature": "temp tau t",
    "from": "teacher teachers",
    "p": "prob probability",
    "degrees": "angle limit",
    "size": "height width",
    "value": "max_lr lr peak",
    "every": "step_size decay_epochs step",
    "factor": "gamma decay_rate multiplier",
    "duration": "epochs steps",
    "start": "warmup_start_lr start_lr",
    "rise": "pct_start",
    "start_div": "div_factor",
    "end_div": "final_div_factor",
    "min_lr": "eta_min",
    "after": "min_epochs start_from_epoch",
    "patience": "n_epochs_no_change",
    "min_delta": "threshold delta",
    "k": "n_splits n_folds num_folds folds n_neighbors",
    "val": "valid val_size validation",
    "test": "test_size",
}

_VALUES: Final = {
    "fp16": "16 16_mixed float16 half",
    "bf16": "bf16_mixed bfloat16",
    "fp32": "32 32_true float32 float full",
    "folder": "imagefolder image_folder directory",
    "csv": "tsv dataframe",
    "jsonl": "json ndjson",
    "webdataset": "wds tar",
    "group": "groupnorm group_norm",
    "layer": "layernorm layer_norm",
    "batch": "batchnorm batch_norm",
    "characters": "chars letters",
    "class": "category categorical",
}


def _inverted(*tables: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the names that each foreign word may mean; which one it is, the scope tells."""
    found: dict[str, tuple[str, ...]] = {}
    for name, words in (pair for table in tables for pair in table.items()):
        for word in words.split():
            found[word] = (*found.get(word, ()), name)
    return found


FOREIGN: Final = _inverted(_KEYS, _FUNCTIONS, _ARGUMENTS, _VALUES)
"""Names here by what other tools call them."""

TABLES: Final = {
    "the spec itself": "specc name seed description tags data augment model teachers defaults stages evaluate privacy "
    "run sweep export allow",
    "`[data]`": "source dataset root path train val test image input labels split group fold limit cache num_workers "
    "on_bad_sample max_bad_samples channels",
    "`[augment]`": "train eval views keep_features",
    "`[model]`": "backbone architecture pretrained start_from drop_path_rate norm heads ema_decay",
    "`[model.heads.NAME]`": "kind routed_by hidden out dropout",
    "`[data.labels.NAME]`": "column folder within as rare",
    "`[data.input.NAME]`": "column as",
    "`[data.cache]`": "dir limit",
    "`[defaults]` and each stage": "epochs steps train lr rates optimizer max_grad_norm carry_optimizer batch_size "
    "micro_batch_size grad_accum_steps precision compile loss mix sample augment stop expect start_from "
    "checkpoint_every",
    "`[evaluate]`": "metrics best expect every",
    "`[privacy]`": "noise_multiplier max_grad_norm target_epsilon target_delta",
    "`[run]`": "device engine devices loggers out keep_last",
    "`[sweep]`": "grid zip random trials engine",
    "`[export]`": "formats precision",
}
"""Every key by its table, for one that is written in another."""

_ELSEWHERE: Final = {
    'an optimizer takes it: optimizer = "adamw(weight_decay = 0.05)"': "weight_decay wd l2 l2_reg betas adam_beta1 "
    "adam_beta2 adam_epsilon beta1 beta2 opt_betas",
    'an optimizer takes it: optimizer = "sgd(momentum = 0.9)"': "momentum nesterov",
    'the rate is a schedule: lr = "warmup(2 epochs) then cosine(1e-3 -> 0)"': "warmup warmup_epochs warmup_steps "
    "warmup_ratio num_warmup_steps warmup_lr warmup_bias_lr warmup_momentum lr_warmup_epochs",
    'the rate is a schedule: lr = "cosine(1e-3 -> 1e-6)"': "scheduler sched lr_scheduler lr_scheduler_type schedule "
    "lr_schedule scheduler_type min_lr lr_min eta_min lrf final_lr cos_lr t_max cosine",
    'the rate is a schedule: lr = "step(1e-2, every = 30 epochs, factor = 0.1)"': "decay_epochs step_size milestones "
    "decay_rate lr_decay gamma lr_gamma lr_step_size decay_milestones",
    'the loss takes it: loss = "cross_entropy(LABEL, label_smoothing = 0.1)"': "label_smoothing smoothing "
    "label_smoothing_factor",
    "classes are counted in the data, and a head has an output for each": "num_classes n_classes nc num_labels classes "
    "class_names class_num",
    'a transform makes it: augment.train = ["random_resized_crop(224)", ...]': "img_size image_size input_size imgsz "
    "size crop_size resize crop_pct train_crop_size val_resize_size train_size_hw resolution target_size",
    'it is the last transform: "normalize(imagenet)"': "mean std normalize image_mean image_std",
    'a transform does it: augment.train = ["hflip(0.5)", ...]': "hflip vflip fliplr flipud flip color_jitter degrees "
    "translate scale ratio aa auto_augment randaugment reprob erasing hsv_h hsv_s hsv_v mosaic random_erase rotate "
    "random_flip ra_magnitude",
    'a stage mixes: mix = "mixup(0.2)"': "mixup cutmix mixup_alpha cutmix_alpha mixup_prob mixup_off_epoch",
    "a head drops: model.heads.NAME = { dropout = 0.2 }": "dropout drop drop_rate classifier_dropout",
    'a stage stops: stop = "min loss, patience = 10 epochs"': "patience min_delta early_stopping_patience "
    "early_stop_patience min_epochs",
    'the best is kept by a metric: evaluate.best = "max top1(LABEL)"': "monitor mode greater_is_better save_top_k "
    "load_best_model_at_end save_best_only",
    'the data is divided: data.split = "stratified(val = 10%)"': "val_split validation_split val_size test_size "
    "valid_pct split_ratio test_split train_split val_ratio split_pct shuffle",
    'the data is divided: data.split = "stratified_kfold(5)"': "n_folds k_folds n_splits kfold num_folds cv",
    'samples are drawn by weight: sample = "balanced(LABEL)"': "class_weights class_weight weighted_sampler oversample "
    "balanced imbalanced",
    'parts of the model have rates: rates = "backbone * 0.1"': "backbone_lr head_lr lr_mult layer_decay "
    "lr_multiplier encoder_lr differential_lr",
    'a stage trains what `train` names, and the rest is frozen: train = "heads"': "freeze freeze_backbone "
    "freeze_epochs unfreeze frozen freeze_layers frozen_layers requires_grad trainable freeze_encoder unfreeze_epoch "
    "freeze_until trainable_layers",
    'runs go to a folder: run.out = "checkpoints"': "output_dir save_dir default_root_dir log_dir logging_dir runs_dir",
    "the same command goes on where it stopped": "resume resume_from_checkpoint resume_from auto_resume "
    "restore_from last_checkpoint",
    "teachers are declared in [teachers], and a loss names them": "teacher teacher_model distillation_alpha "
    "teacher_checkpoint",
    'a name and a checkpoint: [teachers] NAME = "best.safetensors"': "teacher_path teacher_checkpoint_path",
}

ELSEWHERE: Final = {word: where for where, words in _ELSEWHERE.items() for word in words.split()}
"""Where the thing lives that other tools have a key for."""
