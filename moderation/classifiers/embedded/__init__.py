"""The weights, tokenizer and digests of the model that comes with Vorab; ``docs/model-card.md`` describes it."""
