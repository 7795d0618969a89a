"""Fixed wordings around the phrasings, by language: greetings, details, sign-offs, replies."""

GREETINGS = {
    "nl": (
        "Beste klantenservice,",
        "Hallo,",
        "Goedemorgen,",
        "Goedemiddag,",
        "Geachte heer/mevrouw,",
        "Hoi,",
        "Dag,",
        "L.S.,",
        "Beste Kwikstaart,",
    ),
    "en": (
        "Hello,",
        "Hi,",
        "Dear customer service,",
        "Good morning,",
        "Good afternoon,",
        "Dear sir or madam,",
        "Hi there,",
        "To whom it may concern,",
        "Dear Kwikstaart,",
    ),
}
CLOSINGS = {
    "nl": ("Met vriendelijke groet,", "Groeten,", "Mvg,", "Groet,", "Alvast bedankt,", "Bedankt!"),
    "en": ("Kind regards,", "Best wishes,", "Regards,", "Thanks,", "Many thanks,", "Cheers,"),
}
PHONE_PREFIXES = {"nl": ("Tel. ", "T: ", "", "Mobiel: "), "en": ("Tel. ", "T: ", "", "Mobile: ")}
FOOTERS = {
    "nl": (
        "Verstuurd vanaf mijn telefoon",
        "Dit bericht is alleen voor de geadresseerde bestemd. Heeft u het per vergissing "
        "ontvangen, verwijder het dan.",
    ),
    "en": (
        "Sent from my phone",
        "This message is meant for the addressee only. If you got it by mistake, please delete it.",
    ),
}
GIVE_ORDER = {
    "nl": ("Bestelnummer: {order}.", "Het gaat om order {order}.", "Ordernr {order}"),
    "en": ("Order number: {order}.", "It is about order {order}.", "Order no. {order}"),
}
GIVE_NAME = {
    "nl": ("Mijn naam is {name}.", "Ik heet {name}."),
    "en": ("My name is {name}.", "my name is {name}."),
}
GIVE_ADDRESS = {
    "nl": (
        "Mijn postcode is {postcode}, huisnummer {house_number}.",
        "({postcode} {house_number})",
    ),
    "en": ("My postcode is {postcode}, number {house_number}.", "({postcode} {house_number})"),
}
GIVE_IBAN = {
    "nl": ("Mijn rekeningnummer is {iban}.", "IBAN: {iban}"),
    "en": ("My account number is {iban}.", "IBAN: {iban}"),
}
GIVE_PHONE = {
    "nl": ("U kunt mij bereiken op {phone}.", "Bel mij even op {phone}."),
    "en": ("You can reach me on {phone}.", "Please call me on {phone}."),
}
GIVE_EMAIL = {
    "nl": ("Mijn mailadres is {email}.", "Antwoord graag naar {email}."),
    "en": ("My email address is {email}.", "Please reply to {email}."),
}
GIVE_BSN = {
    "nl": ("Mijn BSN is {bsn}, mocht dat nodig zijn.",),
    "en": ("My BSN is {bsn}, in case you need it.",),
}
AND_ALSO = {
    "nl": ("En nog iets: ", "Daarnaast: ", "Verder nog dit. ", "Tweede punt: "),
    "en": ("And another thing: ", "Also: ", "Besides that: ", "Second point: "),
}
CHASERS = {
    "nl": (
        "Ik schreef u hier eerder over.",
        "Dit is mijn tweede bericht.",
        "Nogmaals,",
        "Zie mijn vorige bericht.",
    ),
    "en": (
        "I wrote to you about this before.",
        "This is my second message.",
        "Once more,",
        "See my earlier message.",
    ),
}
SUBJECTS = {
    "nl": (
        "Vraag",
        "Bestelling {order}",
        "Order {order}",
        "Graag uw hulp",
        "Vraag van een klant",
        "Probleem",
        "(geen onderwerp)",
        "Contactformulier",
        "Kwikstaart",
    ),
    "en": (
        "Question",
        "Order {order}",
        "My order {order}",
        "Please help",
        "A customer's question",
        "Problem",
        "(no subject)",
        "Contact form",
        "Kwikstaart",
    ),
}
REPLIES = {
    "nl": (
        "Bedankt voor uw bericht.|We zoeken het uit en laten binnen twee werkdagen iets weten.",
        "Fijn dat u contact opneemt.|Kunt u ons iets meer vertellen, dan helpen we u verder.",
    ),
    "en": (
        "Thank you for your message.|We are looking into it and will be back in two working days.",
        "Thank you for getting in touch.|Could you tell us a little more, so that we can help?",
    ),
}
ABSENCES = {
    "nl": (
        "Ik ben afwezig tot {until}. Mijn mail wordt niet gelezen.",
        "Bedankt voor uw mail. Ik ben met vakantie en {until} weer terug.",
    ),
    "en": (
        "I am out of the office until {until}. My mail is not being read.",
        "Thank you for your email. I am on holiday and back on {until}.",
    ),
}
AUTO_SUBJECTS = {"nl": ("Automatisch antwoord: ",), "en": ("Automatic reply: ",)}
