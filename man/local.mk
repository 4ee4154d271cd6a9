# manual pages
dist_man_MANS += man/ai-infer.1
dist_man_MANS += man/ai-pipeline.7
dist_man_MANS += man/ai-forward.1
dist_man_MANS += man/ai-features.1 man/ai-eval.1
dist_man_MANS += man/ai-prompt.1
dist_man_MANS += man/ai-tokenize.1
dist_man_MANS += man/ai-view.1 man/ai-probe.1
dist_man_MANS += man/ai-decide.1
dist_man_MANS += man/ai-train-svm.1 man/ai-train-crf.1 man/ai-calibrate.1
dist_man_MANS += man/ai-policy.5
dist_man_MANS += man/ai-control.5
dist_man_MANS += man/ai-stream.5
