"""The recipe of the embedded model: from labelled comments to the files in ``moderation/classifiers/embedded``."""
