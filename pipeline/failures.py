"""Why a run could not judge its data, or could not begin: a closed list, a paragraph in French and in English."""

from __future__ import annotations

from string import Formatter

from schemas.typography import visible

_KEPT = {
    "fr": "Rien n'a été publié ; la dernière version reste en place.",
    "en": "Nothing was released; the last release stands.",
}

# Line breaks here are for the reader of this file; {kept} is the sentence above.
PARAGRAPHS: dict[str, tuple[str, str]] = {
    "portal-unknown": (
        "Portail inconnu : {portal}. Portails déclarés sous {folder} : {known}.",
        "No portal {portal} under {folder}; declared there: {known}.",
    ),
    "dataset-unknown": (
        "Jeu de données inconnu dans {portal} : {unknown}. Il y a : {known}.",
        "No dataset {unknown} in {portal}; there are: {known}.",
    ),
    "source-unknown": (
        """--from {source} : pas d'archive à {path}. Attendu : live, sample, une adresse http(s), un fichier
        WARC ou run:<passage> ; passages qui ont une archive : {known}.""",
        """--from {source}: no archive at {path}. Expected live, sample, an http(s) address, a WARC file or
        run:<run>; runs with an archive: {known}.""",
    ),
    "busy": (
        """Un autre passage est en cours sur {folder} (verrou {lock}). Attendre sa fin, ou choisir un autre
        --out.""",
        "Another run on {folder} is in progress (lock {lock}). Wait for its end, or choose another --out.",
    ),
    "history-nothing": (
        "Pas de version de {portal} sous {folder} : lancer canceropole refresh {portal}.",
        "No release of {portal} under {folder}; run: canceropole refresh {portal}.",
    ),
    "history-broken": (
        """{path} ou une version ne peut pas être lu : {error}. Les versions publiées restent comme elles sont. Refaire
        l'historique avec canceropole history {portal} --rebuild ; si le message nomme un fichier d'une version, le
        restaurer d'une copie.""",
        """{path}, or a release, cannot be read: {error}. What is released stays as it is. Make the history anew with
        canceropole history {portal} --rebuild; where the message names a file of a release, restore it from a copy.""",
    ),
    "run-exists": (
        "Un passage {run} existe déjà dans {folder}. Attendre une seconde et relancer.",
        "A run {run} already exists in {folder}. Wait a second and run again.",
    ),
    "declaration-broken": (
        "Déclaration fautive, rien n'a été demandé au portail. {faults} Corriger le fichier et relancer.",
        "Broken declaration, nothing was requested. {faults} Mend the file and run again.",
    ),
    "outputs-unwritable": (
        """Le dossier {folder} ne peut pas être écrit : {error}. Libérer de la place ou des droits, ou choisir
        un autre --out. {kept}""",
        """The outputs folder {folder} cannot be written: {error}. Free space or rights, or choose another
        --out. {kept}""",
    ),
    "outputs-pattern": (
        """Le dossier {folder} a dans son nom un de * ? [, que DuckDB prend pour un motif de noms. Choisir un autre
        --out.""",
        "The folder {folder} has one of * ? [ in its name, which DuckDB takes for a pattern. Choose another --out.",
    ),
    "report-unwritable": (
        """La version {version} est publiée et courante, mais ce qui en rend compte dans {folder} n'a pas pu être
        écrit : {error}. Libérer de la place ou des droits et relancer : rien n'est publié deux fois.""",
        """Version {version} is released and current, but what tells of it in {folder} could not be written:
        {error}. Free space or rights and run again: nothing is released twice.""",
    ),
    "kinds-mixed": (
        """{folder} contient des versions faites à partir de la source « {before} », et ce passage lit « {now}
        » : les deux ne se mélangent jamais. {kept} Choisir un autre dossier avec --out.""",
        """{folder} holds releases made from the {before}, and this run reads the {now}: the two are never
        mixed. {kept} Choose another folder with --out.""",
    ),
    "archive-unreadable": (
        "L'archive ne peut pas être lue : {error}. {kept} Relancer le parcours, ou choisir un autre --from.",
        "The archive cannot be read: {error}. {kept} Crawl again, or choose another --from.",
    ),
    "no-page": (
        """Aucune page de {origin} n'a été obtenue (source {source}) : attendu des pages HTML, trouvé {answers}
        réponses dont aucune n'est 200. {errors} Est-ce bien le portail ? {kept}""",
        """No page of {origin} was obtained (source {source}): expected HTML pages, found {answers} answers of
        which none is 200. {errors} Is this the portal? {kept}""",
    ),
    "crawl-failed": (
        """Aucune page n'a été obtenue de {address} : {errors} {kept} Vérifier l'adresse et le réseau,
        relancer.""",
        "No page was obtained from {address}: {errors} {kept} Check the address and the network, run again.",
    ),
    "package-broken": (
        """Le paquet construit ne respecte pas son propre schéma, c'est une faute du logiciel : {error}. {kept} Garder
        le dossier du passage et signaler la faute.""",
        """The built package breaks its own schema, which is a fault of the software: {error}. {kept} Keep the
        run's folder and report the fault.""",
    ),
    "build-failed": (
        """Le paquet n'a pas pu être construit, c'est une faute du logiciel : {error}. {kept} Garder le dossier du
        passage et signaler la faute.""",
        """The package could not be built, which is a fault of the software: {error}. {kept} Keep the run's folder
        and report the fault.""",
    ),
    "no-latest": (
        "Le lien de la version courante est perdu : {error} {kept}",
        "The link to the current release is lost: {error} {kept}",
    ),
    "decisions-broken": (
        """Le fichier des décisions {path} n'est pas lisible : {error}. {kept} Restaurer le fichier, ou en retirer
        ce qui est faux.""",
        """The file of decisions {path} cannot be read: {error}. {kept} Restore the file, or take out what is
        wrong in it.""",
    ),
    "erase-remains": (
        """Rien n'a été effacé : le texte se lirait encore dans {tables}. Ce jeu de données y a un autre nom, sans
        doute : effacer d'abord avec les déclarations de l'époque (--schemas {runs}/PASSAGE/declarations).""",
        """Nothing was erased: the text could still be read in {tables}. That dataset has another name there, as a
        rule: erase first with the declarations of its time (--schemas {runs}/RUN/declarations).""",
    ),
    "erasures-broken": (
        """La liste de qui est parti n'est pas utilisable : {error}. {kept} Restaurer le fichier depuis une sauvegarde :
        sans lui, des personnes effacées reviendraient.""",
        """The list of who has left cannot be used: {error}. {kept} Restore the file from a backup: without it, people
        who were erased would come back.""",
    ),
    "erase-nothing": (
        """Rien à effacer : aucune ligne {sought} dans {place}, ni dans une version, courante ou passée, ni dans un
        passage, sous {folder}.""",
        """Nothing to erase: no row {sought} in {place}, neither in a release, current or past, nor in a run, under
        {folder}.""",
    ),
    "erase-what": (
        "Dire ce qui doit être effacé : DATASET CLÉ, ou --name TEXTE (avec ou sans DATASET).",
        "Say what is to be erased: DATASET KEY, or --name TEXT (with or without DATASET).",
    ),
    "erase-listed": (
        """{dataset} n'est pas lu dans les pages : ses lignes viennent d'une liste de référence des déclarations, ou du
        parcours. Les y corriger.""",
        """{dataset} is not read in the pages: its rows come from a reference list of the declarations, or from the
        crawl. Mend them there.""",
    ),
    "erase-unasked": (
        "Rien n'a été effacé : il n'y a pas de terminal où poser la question. Ajouter --yes pour dire oui.",
        "Nothing was erased: there is no terminal to ask on. Add --yes to say yes.",
    ),
    "accept-nothing": (
        "Rien à accepter : {dataset} n'est pas retenu ({portal}, sous {folder}). Jeux de données retenus : {held}.",
        "Nothing to accept: {dataset} is not held ({portal}, under {folder}). Datasets held: {held}.",
    ),
    "accept-no-run": (
        """Rien à accepter : {dataset} est retenu, mais le passage {run} qui l'a jugé n'est plus entier dans
        {folder} : il manque {missing}. Relancer canceropole refresh {portal}, puis accepter.""",
        """Nothing to accept: {dataset} is held, but the run {run} that judged it is no longer whole in {folder}:
        {missing} is missing. Run canceropole refresh {portal} again, then accept.""",
    ),
    "accept-unliftable": (
        """{dataset} ne peut pas être accepté à la main : attendu un doute de la barrière, trouvé « {reason} »
        [{code}]. Ce qui n'a pas pu être lu ou ne respecte pas son schéma se corrige : corriger la déclaration,
        puis canceropole refresh {portal} --from run:{run}.""",
        """{dataset} cannot be accepted by hand: expected a doubt of the gate, found "{reason}" [{code}]. What could
        not be read or breaks its schema is mended: mend the declaration, then canceropole refresh {portal}
        --from run:{run}.""",
    ),
    "accept-other": (
        """{dataset} n'est retenu qu'à cause d'un autre jeu de données : {reason} [{code}]. Accepter ou corriger
        d'abord {others} ; {dataset} suivra.""",
        """{dataset} is held only because of another dataset: {reason} [{code}]. Accept or mend {others} first;
        {dataset} follows.""",
    ),
    "accept-why": (
        "--why est vide : dire pourquoi ces lignes sont justes ; la décision est conservée avec cette raison.",
        "--why is empty: say why these rows are right; the decision is kept with that reason.",
    ),
    "accept-who": (
        "Personne n'a de nom sur cette machine : dire avec --by qui accepte.",
        "Nobody has a name on this machine: say with --by who accepts.",
    ),
    "accept-unasked": (
        "Rien n'a été accepté : il n'y a pas de terminal où poser la question. Ajouter --yes pour dire oui.",
        "Nothing was accepted: there is no terminal to ask on. Add --yes to say yes.",
    ),
    "sign-failed": (
        """La version n'a pas pu être signée avec la clé que nomme {variable} : {error}. {kept} Donner à ssh-keygen une
        clé sans phrase secrète, ou un agent qui la tient, ou retirer la variable.""",
        """The release could not be signed with the key that {variable} names: {error}. {kept} Give ssh-keygen a key
        without a passphrase, or an agent that holds it, or take the variable away.""",
    ),
    "publish-nothing": (
        "Rien à publier : {portal} n'a pas de version sous {folder}. Lancer d'abord canceropole refresh {portal}.",
        "Nothing to publish: {portal} has no release under {folder}. Run canceropole refresh {portal} first.",
    ),
    "publish-target": (
        """Cible inconnue : {target}. Attendu : un dossier, s3://SEAU/PRÉFIXE, ckan+https://HÔTE/ORGANISATION,
        udata+https://HÔTE/ORGANISATION ou zenodo+https://HÔTE.""",
        """Unknown target {target}. Expected a folder, s3://BUCKET/PREFIX, ckan+https://HOST/ORGANISATION,
        udata+https://HOST/ORGANISATION or zenodo+https://HOST.""",
    ),
    "publish-other": (
        """La cible a déjà une autre version sous ce numéro, ou celle d'une autre source : {address} n'est pas de
        {folder}. Rien n'y a été changé. Choisir le bon --out, ou une autre cible.""",
        """The target has another release under this number, or one of another source: {address} is not of {folder}.
        Nothing was changed there. Choose the right --out, or another target.""",
    ),
    "publish-unreadable": (
        """Les données de {folder} ne peuvent pas être publiées, car elles ne se lisent pas comme elles ont été
        écrites : {error}. Les rétablir d'une sauvegarde, ou relancer canceropole refresh. Puis relancer la même
        commande.""",
        """What is in {folder} cannot be published, for it does not read as it was written: {error}. Restore it from a
        backup, or run canceropole refresh. Then run the same command again.""",
    ),
    "publish-undescribed": (
        """La version {version} est d'un programme plus ancien : elle n'en dit pas assez sur elle-même pour être publiée
        là. Relancer canceropole refresh : la version suivante le fera.""",
        """Version {version} was made by an older program: it does not say enough of itself to be published there. Run
        canceropole refresh again: the next release will.""",
    ),
    "publish-sample": (
        """La version {version} vient du portail d'exemple : c'est une reconstitution, pas les données du portail. Pour
        la publier quand même, à titre d'essai : --sample.""",
        """Version {version} was made from the sample portal: it is a reconstruction, not the portal's data. To publish
        it all the same, as a trial: --sample.""",
    ),
    "publish-licence": (
        """La licence {licence} ({path}) est encore à confirmer auprès de l'éditeur du portail. Une fois confirmée, le
        dire dans portal.yml (licence.statut: confirmee) ; pour publier sans attendre : --unconfirmed-licence.""",
        """The licence {licence} ({path}) has yet to be confirmed by the portal's publisher. Once it is, say so in
        portal.yml (licence.statut: confirmee); to publish without waiting: --unconfirmed-licence.""",
    ),
    "publish-ahead": (
        """La cible a déjà la version {there}, plus récente que la nôtre ({here}) : ces données sont une copie ancienne,
        ou la cible est à quelqu'un d'autre. Rien n'y a été changé.""",
        """The target has version {there} already, newer than ours ({here}): these outputs are an old copy, or the
        target is somebody else's. Nothing was changed there.""",
    ),
    "publish-no-address": (
        """Un portail de données renvoie aux fichiers, et {portal} n'a pas d'adresse : déclarer base_url dans
        portal.yml, relancer canceropole refresh, publier d'abord les fichiers vers cette adresse.""",
        """A data portal points to the files, and {portal} has no address: declare base_url in portal.yml, run
        canceropole refresh again, and publish the files to that address first.""",
    ),
    "publish-unserved": (
        """La version {ours} n'est pas encore à son adresse : {address} a répondu {found}. Publier d'abord les fichiers
        vers ce serveur, puis relancer. Rien n'a été annoncé.""",
        """Version {ours} is not at its address yet: {address} answered {found}. Publish the files to that server first,
        then run this again. Nothing was announced.""",
    ),
    "publish-secret": (
        "{target} demande un jeton : le mettre dans la variable d'environnement {variable}.",
        "{target} asks for a token: put it in the environment variable {variable}.",
    ),
    "publish-taken": (
        """{dataset} existe déjà et n'est pas à nous : attendu l'identifiant {identifier}, dans l'organisation visée. Il
        n'a pas été changé. Renommer ce jeu de données, ou publier vers une autre organisation.""",
        """{dataset} exists already and is not ours: expected the identifier {identifier}, in the target's organisation.
        It was not changed. Rename that dataset, or publish to another organisation.""",
    ),
    "publish-harvested": (
        """{dataset} est moissonné dans l'organisation {organisation} : deux sources écriraient le même jeu de données.
        Garder l'une des deux : supprimer la source de moissonnage et ses jeux de données, ou ne pas publier vers ce
        CKAN.""",
        """{dataset} is harvested into the organisation {organisation}: two sources would write the same dataset. Keep
        one of them: remove the harvest source and its datasets, or do not publish to this CKAN.""",
    ),
    "publish-doubled": (
        """Deux jeux de données ont l'identifiant {identifier} : {datasets}. Rien n'a été changé. Retirer cet
        identifiant de la copie, ou la supprimer.""",
        """Two datasets have the identifier {identifier}: {datasets}. Nothing was changed. Take this identifier out of
        the copy, or delete it.""",
    ),
    "publish-refused": (
        """La publication vers {target} s'est arrêtée à {step} ; la cible a répondu : {error}. La version locale est
        intacte. Relancer la même commande : elle reprend où elle s'est arrêtée.""",
        """Publishing to {target} stopped at {step}; the target answered: {error}. The local release is untouched. Run
        the same command again: it goes on where it stopped.""",
    ),
    "schedule-nothing": (
        """Rien à lancer : aucun portail déclaré sous {folder} dont portal.yml puisse être lu. Le corriger (canceropole
        check le relit), ou choisir un autre --schemas.""",
        """Nothing to schedule: no portal is declared under {folder} whose portal.yml can be read. Mend it (canceropole
        check reads it again), or choose another --schemas.""",
    ),
    "prefect": (
        "L'API de Prefect n'a pas démarré, ou s'est arrêtée : {error}",
        "Prefect's API did not start, or ended: {error}",
    ),
}


class FailureError(Exception):
    """A failure of the closed list; its text is the English paragraph, `status` the exit status of the contract."""

    status = 1

    def __init__(self, code: str, /, **told: object) -> None:
        self.code = code
        self._told = {name: visible(str(value)) for name, value in told.items()}
        super().__init__(self.paragraph("en"))

    def paragraph(self, language: str) -> str:
        """What, where, expected, found and what to do next, in `fr` or `en`."""
        template = " ".join(PARAGRAPHS[self.code][("fr", "en").index(language)].split())
        told = {**self._told, "kept": _KEPT[language]}
        # Fields are put in one by one: what a page or a user wrote is never read as a template.
        return "".join(text + (told[field] if field else "") for text, field, _, _ in Formatter().parse(template))

    def as_json(self) -> dict[str, object]:
        """The object of report.json's `error`."""
        return {"code": self.code, "message": {language: self.paragraph(language) for language in ("fr", "en")}}


class RunFailedError(FailureError):
    """The data could not be judged: exit status 1."""


class WrongUseError(FailureError):
    """An option or name that does not exist, or nothing to accept: exit status 2."""

    status = 2


class BusyError(FailureError):
    """Another run holds the portal's outputs: exit status 4."""

    status = 4
