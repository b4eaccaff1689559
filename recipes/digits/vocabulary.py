"""What is spoken in training: the ten digits, words near to them, and everything else."""

from cla.evaluation.digits import DIGITS

NONE = 0

# Words that share a syllable with a digit. True homophones (for, ate, won, too) are left out:
# said alone they are the digit, and calling them "none" would teach a contradiction.
NEAR_WORDS = tuple(
    """
    tree free thee tee three-piece threat threw throw through thread sex sax sick sack sixth sixty
    sixteen fix fax fifth fifty fifteen fine fire file hive dive live fight fib nigh night nice mine
    line wine vine sign none ninth ninety nineteen done gun run sun want wand wander when win once
    wonder nero hero arrow sorrow zebra xerox cheerio tooth twenty twelve do you shoe chew true blue
    new tune door floor more pour fort forty fourteen fourth form fall far fur wore heaven eleven
    seventh seventy seventeen several sever given oven Sven second eighty eighteen hate late gate
    wait add aid age ace ape eat it hey say way oh ten hundred thousand million point double
    """.split()
)

OTHER_WORDS = tuple(
    """
    yes no stop go left right up down on off hello goodbye computer okay please thanks help music
    lights open close start pause cancel back next play volume a b c d e f g h i j k l m n o p q r s
    t u v w x y z Monday Tuesday Friday January March August morning evening water coffee garden
    window kitchen picture station number password account balance transfer minute dollar percent
    mother father sister brother animal orange purple yellow green apple banana potato chicken
    people question answer language weather summer winter football
    """.split()
)

# Function words that sound like digits occur here unstressed, as they do in real speech.
SENTENCES = tuple(
    line.strip()
    for line in """
    Please hold the line, an agent will be with you soon.
    I was going to wait for you at the station.
    They ate all of the cake before we came home.
    The tree near the house is taller than the garage.
    He has never been to the seaside in winter.
    Would you like to leave a message after the tone?
    It is too late for a walk, and too cold as well.
    She said that heaven can wait for a while.
    Turn off the lights in the kitchen, please.
    What is the weather going to be like tomorrow?
    The musicians were tuning their violins behind the curtain.
    We won the match in the last minute of the game.
    Your call is important to us, thank you for your patience.
    The fire was fierce and the night was long.
    My sister writes stories about animals and the sea.
    You have entered an invalid extension, try again.
    Never mind, I will find a fine line to sign.
    The zebra crossed the river without any fear.
    Press the pound key when you are finished.
    There is some more coffee on the table by the window.
    Free tickets are available at the front desk.
    The shop is open on Sundays and on public holidays.
    Someone has forgotten a blue umbrella on the train.
    Could you repeat the question a little more slowly?
    It seems that several of the parcels were sent back.
    Run to the door and see who is knocking.
    The hero of the story lives in a small village.
    Open the music player and turn the volume down.
    I think therefore I am, said the old philosopher.
    Because of the strong wind, all ferries stay in port.
    He fixed the fence and painted it white.
    """.strip().splitlines()
)

# Numbers spoken in other tongues are the hardest words that are not English digits.
FOREIGN_LANGUAGES = ("es", "fr-fr", "it", "pt", "de", "ru", "nl", "sv", "pl", "hi", "tr", "cs")
FOREIGN_SENTENCES = {
    "es": "El cliente no contesta, por favor deje su mensaje después de la señal.",
    "fr-fr": "Veuillez patienter, un agent va vous répondre dans quelques instants.",
    "it": "La persona chiamata non è al momento raggiungibile, la preghiamo di riprovare.",
    "pt": "O número que você marcou não está disponível, tente novamente mais tarde.",
    "de": "Nein, die Verbindung ist zurzeit leider nicht möglich, bitte versuchen Sie es erneut.",
    "ru": "Пожалуйста, оставьте сообщение после сигнала, и мы вам перезвоним.",
    "nl": "Een ogenblik geduld, u wordt zo spoedig mogelijk geholpen.",
    "sv": "Var god vänta, vi besvarar ditt samtal så snart vi kan.",
    "pl": "Proszę czekać, wkrótce połączymy pana z konsultantem.",
    "hi": "कृपया प्रतीक्षा करें, आपकी कॉल हमारे लिए महत्वपूर्ण है।",
    "tr": "Lütfen bekleyiniz, müşteri temsilcimiz size yardımcı olacaktır.",
    "cs": "Prosím vyčkejte, za chvíli se vám budeme věnovat.",
}

# Short phrases, as prompts say them one by one: each is a word or two between pauses, like a digit.
FOREIGN_PHRASES = {
    "es": "sí, no, adiós, gracias, buenos días, hasta luego, no disponible, su mensaje, otra vez, "
    "la extensión, fuera de servicio, por favor espere, marque de nuevo, segundos, usuario",
    "fr-fr": "oui, non, merci, au revoir, bonjour, encore une fois, votre message, indisponible, "
    "patientez, le poste, hors service, rappelez plus tard, secondes, deuxième, neuf heures",
    "it": "sì, no, grazie, arrivederci, buongiorno, ancora una volta, il messaggio, occupato, "
    "attendere, interno, fuori servizio, riprovare, secondi, utente, signora",
    "pt": "sim, não, obrigado, até logo, bom dia, mais uma vez, sua mensagem, ocupado, "
    "aguarde, o ramal, fora de serviço, tente de novo, segundos, usuário, senhora",
    "de": "ja, danke, auf Wiederhören, guten Tag, noch einmal, Ihre Nachricht, besetzt, "
    "bitte warten, die Durchwahl, nicht erreichbar, Sekunden, keine, später, wann",
    "ru": "да, нет, спасибо, до свидания, сообщение, занято, ждите, повторите, секунда, "
    "абонент, сегодня, завтра, линия, вторник",
    "nl": "ja, nee, dank u, tot ziens, goedendag, nog een keer, uw bericht, in gesprek, "
    "wachten, het toestel, niet bereikbaar, seconden, mijn, zij, waar",
    "sv": "ja, nej, tack, hej då, god dag, en gång till, ditt meddelande, upptaget, "
    "vänta, anknytning, sekunder, fel, inte, vår, nia",
    "pl": "tak, nie, dziękuję, do widzenia, dzień dobry, jeszcze raz, wiadomość, zajęte, "
    "czekać, wewnętrzny, sekundy, dwa, siebie, trzeba, wtedy",
    "hi": "हाँ, नहीं, धन्यवाद, नमस्ते, फिर से, आपका संदेश, व्यस्त, प्रतीक्षा, सेकंड, नंबर, कल, आज",
    "tr": "evet, hayır, teşekkürler, güle güle, merhaba, bir daha, mesajınız, meşgul, "
    "bekleyin, dahili, saniye, sıfır, iki, sen, var",
    "cs": "ano, ne, děkuji, na shledanou, dobrý den, ještě jednou, vaše zpráva, obsazeno, "
    "čekejte, linka, sekundy, vteřiny, dva, devět, tři",
}


def label_index(word: str) -> int:
    """Class index of a spoken word; every word that is not a digit is `NONE`."""
    return DIGITS.index(word) + 1 if word in DIGITS else NONE
