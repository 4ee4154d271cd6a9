# manual pages
dist_man_MANS += man/ai-infer.1
