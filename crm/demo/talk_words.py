"""What customers and the workshop write and say to each other, by language; `{…}` is filled in.

Conversations are (subject, mails), a mail is (direction, days after the one before, text).
"""

THREADS = {
    "pl": (
        ("Obrączki z białego złota", (
            ("in", 0,
             "Dzień dobry,\n\nbierzemy ślub {day} i szukamy obrączek z białego złota, matowych, "
             "szerokość ok. 4 mm. Rozmiary {size} i {size2}. Czy mogliby Państwo podać cenę z "
             "grawerem?\n\nPozdrawiam\n{customer}"),
            ("out", 1,
             "Dzień dobry,\n\ndziękujemy za wiadomość i gratulujemy! Para obrączek 4 mm, próba "
             "585, mat, z grawerem wewnątrz: {price}. Termin wykonania to około trzech tygodni. W "
             "załączeniu przesyłamy szkic.\n\nCzy pasuje Państwu przymiarka w przyszłym "
             "tygodniu?\n\nPozdrawiam serdecznie\n{rep}"),
            ("in", 2,
             "Szkic jest piękny. Przyjedziemy we wtorek o 17:00. Grawer: data i imiona.\n\n"
             "{customer}"),
            ("out", 1,
             "Świetnie, wtorek 17:00 zapisany. Prosimy zabrać dowód do spisania zamówienia.\n\n"
             "{rep}"),
        )),
        ("Naprawa zapięcia bransoletki", (
            ("in", 0,
             "Dzień dobry,\nbransoletka kupiona u Państwa w zeszłym roku ma zepsute zapięcie. Czy "
             "to gwarancja?\n\n{customer}"),
            ("out", 1,
             "Dzień dobry,\n\ntak, zapięcia naprawiamy bezpłatnie przez dwa lata. Prosimy "
             "przynieść bransoletkę z paragonem, naprawa trwa do pięciu dni.\n\nPozdrawiam\n{rep}"),
            ("out", 6,
             "Dzień dobry,\n\nbransoletka jest gotowa do odbioru. Przy okazji wyczyściliśmy "
             "ogniwa.\n\n{rep}"),
        )),
        ("Faktura za wrzesień", (
            ("in", 0,
             "Dzień dobry,\n\nproszę o duplikat faktury, oryginał nie dotarł do księgowości.\n\nZ "
             "poważaniem\n{customer}"),
            ("out", 0,
             "Dzień dobry,\n\nduplikat w załączeniu. Termin płatności przesunęliśmy o tydzień.\n\n"
             "Pozdrawiam\n{rep}"),
        )),
        ("Wycena pierścionka po babci", (
            ("out", 0,
             "Dzień dobry,\n\nobejrzeliśmy pierścionek: szafir ok. 1,2 ct, próba 750, oprawa do "
             "wzmocnienia. Renowacja to {price}, przerobienie na wisiorek podobnie.\n\nCo Pani "
             "wybiera?\n\n{rep}"),
            ("in", 3,
             "Dziękuję! Proszę o renowację, wisiorek innym razem.\n\n{customer}"),
        )),
    ),
    "nl": (
        ("Trouwringen in roodgoud", (
            ("in", 0,
             "Beste,\n\nwij trouwen op {day} en zoeken twee ringen in roodgoud, 4 mm, maten {size} "
             "en {size2}. Wat is de prijs met gravure?\n\nMet vriendelijke groeten\n{customer}"),
            ("out", 1,
             "Beste,\n\nproficiat! Twee ringen in 18 karaat roodgoud met gravure komen op {price}. "
             "De levertijd is drie weken.\n\nKomt u volgende week passen?\n\nVriendelijke groeten\n"
             "{rep}"),
            ("in", 2,
             "Dat klinkt goed, tot zaterdag om 11 uur.\n\n{customer}"),
        )),
        ("Herstelling oorbellen", (
            ("in", 0,
             "Goedendag,\n\neen van mijn oorbellen is gebroken bij het slotje. Kunt u dat "
             "herstellen?\n\n{customer}"),
            ("out", 1,
             "Goedendag,\n\ndat kan zeker, reken op 25 euro en vier werkdagen. U mag ze opsturen "
             "of binnenbrengen.\n\n{rep}"),
            ("in", 5,
             "Ze zijn weer perfect, hartelijk dank!\n\n{customer}"),
        )),
    ),
    "fr": (
        ("Bague de fiançailles", (
            ("in", 0,
             "Bonjour,\n\nje cherche une bague en or blanc avec un diamant d'environ 0,4 ct, "
             "taille {size}. Est-ce possible pour le {day} ?\n\nBien à vous\n{customer}"),
            ("out", 1,
             "Bonjour,\n\noui, c'est possible. Avec un diamant certifié de 0,41 ct, le prix est de "
             "{price}. Vous trouverez le certificat ci-joint.\n\nBien cordialement\n{rep}"),
            ("in", 1,
             "Merci beaucoup, je confirme la commande. Surtout, n'appelez pas à la maison : c'est "
             "une surprise !\n\n{customer}"),
            ("out", 0,
             "C'est noté, nous vous écrirons uniquement par e-mail.\n\n{rep}"),
        )),
        ("Nettoyage d'un collier", (
            ("in", 0,
             "Bonjour,\n\nmon collier en argent a noirci. Le nettoyez-vous ?\n\n{customer}"),
            ("out", 1,
             "Bonjour,\n\nbien sûr, c'est gratuit pour nos clients. Comptez une demi-heure.\n\n"
             "{rep}"),
        )),
    ),
    "en": (
        ("Wholesale price list for autumn", (
            ("in", 0,
             "Hello,\n\ncould you send us the wholesale price list for the autumn collection? We "
             "are mainly interested in the textured bands and the amber studs.\n\nKind regards\n"
             "{customer}"),
            ("out", 1,
             "Hello,\n\nplease find the list attached. Above twenty pieces of one model the "
             "discount is 12 %. Samples can be with you on {day}.\n\nBest wishes\n{rep}"),
            ("in", 4,
             "Thank you. We would like six samples: two bands, four pairs of studs.\n\n{customer}"),
            ("out", 1,
             "They are on their way. The value is {price}, to be returned or paid within 30 "
             "days.\n\n{rep}"),
        )),
        ("Opening hours over Christmas", (
            ("out", 0,
             "Dear customers,\n\nthe workshop is closed from 24 December to 2 January. Orders "
             "placed by 10 December will be ready in time.\n\n{rep}"),
        )),
    ),
}  # fmt: skip

#: (outcome, what was noted)
CALLS = (
    ("answered", "Wants the quote by e-mail, decides with her husband at the weekend."),
    ("answered", "Asked whether we repair watches. We don't; gave the address of the shop next door."),
    ("answered", "Ring size confirmed. Collects on Friday after five."),
    ("answered", "Happy with the engraving, will send a photo."),
    ("answered", "Complains about the late invoice; promised a corrected one."),
    ("left_message", "Left a message about the repair that is ready."),
    ("no_answer", ""),
    ("no_answer", "Try again in the evening."),
    ("busy", ""),
)

#: (channel, language, who speaks: C the customer, W the workshop; text)
CHATS = (
    ("whatsapp", "pl", (
        ("C", "Dzień dobry, czy pierścionek jest już gotowy?"),
        ("W", "Dzień dobry! Tak, od dzisiaj czeka na Panią."),
        ("C", "Super, będę o 16"),
        ("W", "Zapraszamy 🙂"),
    )),
    ("messenger", "pl", (
        ("C", "Hej, robicie obrączki z meteorytem?"),
        ("W", "Robimy! Cena od 3200 zł za parę, termin 6 tygodni."),
        ("C", "A można przynieść swój kawałek?"),
        ("W", "Można, musimy go tylko najpierw obejrzeć."),
        ("C", "To wpadnę w sobotę"),
    )),
    ("sms", "pl", (
        ("W", "Bransoletka gotowa do odbioru, pracownia czynna do 18:00."),
        ("C", "Dziekuje, bede jutro"),
    )),
    ("whatsapp", "nl", (
        ("C", "Hallo, is mijn ring al klaar?"),
        ("W", "Dag! Ja, u mag hem vanaf morgen ophalen."),
        ("C", "Top, tot morgen"),
    )),
    ("web", "fr", (
        ("C", "Bonjour, livrez-vous à Namur ?"),
        ("W", "Bonjour, oui, en deux jours et assuré."),
        ("C", "Parfait, merci."),
    )),
    ("web", "en", (
        ("C", "Hi, do you ship to Ghent?"),
        ("W", "We do, insured, in two days."),
        ("C", "Great, I'll order tonight."),
    )),
)  # fmt: skip

#: (subject, what the customer said, [(public, comment)])
TICKETS = (
    ("Stone came loose after two weeks", "The small stone beside the centre one is loose. Bought two weeks ago.", (
        (True, "We are sorry about that. Please bring the ring in, we will reset the stone while "
               "you wait."),
        (False, "Check the whole batch of these settings, it is the second one this month."),
        (True, "The stone is set again and all others were checked. Thank you for your patience."),
    )),
    ("Wrong size delivered", "I ordered size 54 and got 52.", (
        (True, "Please send it back at our cost, the right size leaves today."),
        (False, "Size was typed wrong in the order."),
    )),
    ("Parcel has not arrived", "The tracking has not moved for five days.", (
        (True, "We have asked the carrier and will write tomorrow."),
    )),
    ("Invoice with another tax ID", "Please correct the tax ID on the last invoice.", (
        (False, "Accounting corrects it today."),
    )),
    ("Allergy to the clasp", "The clasp leaves red marks. Is there nickel in it?", (
    )),
    ("Question about the certificate", "Which laboratory issued the certificate?", (
        (True, "It is from the HRD in Antwerp."),
    )),
)  # fmt: skip
