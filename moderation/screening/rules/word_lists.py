# PLACEHOLDER by the lead until the real module lands: overwrite freely.
class WordListsRule:
    name = "word_lists"

    def check(self, context):
        return []
