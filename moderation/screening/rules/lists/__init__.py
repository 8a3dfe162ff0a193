"""The word lists that come with Vorab, written for it. One file a language, one entry a line.

A line is a class and an entry::

    banned   *arschloch
    suspect  idiot
    context  esel
    allowed  schwanzlurch*

``banned`` words reject, ``suspect`` words hold, ``context`` words hold only in a sentence that addresses somebody.
``allowed`` words are none of the three, whatever they contain. Entries are in small letters; umlauts may be written
either way. An entry matches the word itself with the usual endings (``idiot`` also "Idioten"), and

- ``*wort`` also compounds that end so ("Vollidiot" for ``*idiot``),
- ``wort*`` every word that begins so,
- ``wort=`` nothing but this form,
- several words one after the other, ``…`` standing for up to three words in between.
"""
