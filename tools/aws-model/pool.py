# SPDX-License-Identifier: Apache-2.0
"""The text pool: every string of the tables once, strings inside other strings not at all."""

OFFSET_BITS = 19
LENGTH_BITS = 7
SPARE = OFFSET_BITS + LENGTH_BITS  # the bits above belong to whoever holds the reference


class Pool:
    def __init__(self):
        self._wanted = set()
        self._text = None

    def want(self, text):
        """Announces a string; all must be announced before the first reference is taken."""
        assert self._text is None
        assert text.isascii() and len(text) < 1 << LENGTH_BITS, text
        self._wanted.add(text)
        return text

    def close(self):
        keep, seen = [], ''
        for text in sorted(self._wanted, key=lambda t: (-len(t), t)):
            if text not in seen:
                keep.append(text)
                seen += '\0' + text
        self._text = ''.join(_chain(keep))
        assert len(self._text) < 1 << OFFSET_BITS

    @property
    def text(self):
        return self._text

    def ref(self, text):
        """The packed reference: offset, then length; 0 for the empty string."""
        if not text:
            return 0
        return self._text.index(text) | len(text) << OFFSET_BITS


def _chain(texts):
    """Orders texts so that the end of one overlaps the beginning of the next; yields what each adds."""
    following, has_previous = {}, set()
    root = {text: text for text in texts}

    def find(text):
        while root[text] != text:
            root[text] = root[root[text]]
            text = root[text]
        return text

    for overlap in range(max(map(len, texts)) - 1, 1, -1):
        starts = {}
        for text in texts:
            if text not in has_previous and len(text) > overlap:
                starts.setdefault(text[:overlap], []).append(text)
        for text in texts:
            if text in following or len(text) <= overlap:
                continue
            options = starts.get(text[-overlap:], [])
            option = next((o for o in options if find(o) != find(text)), None)
            if option is None:
                continue
            options.remove(option)
            following[text] = (option, overlap)
            has_previous.add(option)
            root[find(option)] = find(text)
    for text in texts:
        if text in has_previous:
            continue
        yield text
        while text in following:
            text, overlap = following[text]
            yield text[overlap:]
