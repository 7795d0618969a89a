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
AT_LENGTH = {
    "nl": (
        "Ik heb een paar dingen tegelijk, dus ik zet ze even op een rij.",
        "Dit wordt een wat langere mail, excuses daarvoor.",
        "Ik val maar meteen met de deur in huis.",
        "Het is een drukke maand geweest, vandaar dat ik nu pas schrijf.",
        "Ik wist niet goed waar ik moest beginnen, dus ik begin gewoon.",
        "Mijn buurvrouw zei dat ik dit beter kon opschrijven, en dat doe ik nu.",
        "Er zijn meerdere dingen die ik met u wil bespreken.",
    ),
    "en": (
        "I have a few things at once, so let me list them.",
        "This is going to be a longish mail, apologies for that.",
        "Let me get straight to it.",
        "It has been a busy month, which is why I am only writing now.",
        "I was not sure where to start, so I will just start.",
        "My neighbour said I had better write this down, so here I am.",
        "There are several things I want to bring up with you.",
    ),
}
BETWEEN = {
    "nl": (
        "Dat was het eerste.",
        "Tot zover dat verhaal.",
        "Dan iets heel anders.",
        "Misschien hoort dit bij een andere afdeling, dat weet ik niet.",
        "Nu ik u toch schrijf.",
        "Mijn man vond dat ik dit er meteen bij moest zetten.",
        "Ik weet niet of het een met het ander te maken heeft.",
        "Het regent hier al de hele dag, dus ik heb er even tijd voor.",
        "Daar wilde ik het ook nog over hebben.",
        "Ik probeer het kort te houden.",
        "U begrijpt vast wat ik bedoel.",
        "Zo simpel is het eigenlijk.",
    ),
    "en": (
        "That was the first thing.",
        "So much for that story.",
        "Now for something else entirely.",
        "Perhaps this belongs with another department, I would not know.",
        "While I am writing to you anyway.",
        "My husband thought I should mention this as well.",
        "I do not know whether one has to do with the other.",
        "It has been raining here all day, so I have the time.",
        "I wanted to talk about this too.",
        "I will try to keep it short.",
        "I am sure you see what I mean.",
        "It is really as simple as that.",
    ),
}
IN_CLOSING = {
    "nl": (
        "Ik hoor graag van u.",
        "Dat was alles, denk ik.",
        "Laat het me weten als er nog iets onduidelijk is.",
        "Ik ben benieuwd wat u ervan vindt.",
        "Wilt u op elk punt apart ingaan?",
        "Fijn als iemand hiernaar kijkt.",
    ),
    "en": (
        "I look forward to hearing from you.",
        "That is all, I think.",
        "Let me know if anything is unclear.",
        "I am curious what you make of it.",
        "Could you go into each point separately?",
        "It would be good if somebody had a look at this.",
    ),
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
