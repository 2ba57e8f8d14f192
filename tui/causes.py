"""The sentences of errors that reach the screen, for translation.

The worker and the agent send them as templates with fields (``core.control.Wording``). A test
holds this list equal to what their code says; a sentence that is new there is added here and
to the catalogues.
"""

from typing import Final

from tui.held_causes import HELD_CAUSES
from tui.node_causes import NODE_CAUSES
from tui.texts import N_

CAUSES: Final = (
    N_("{name} cannot be reached."),
    N_("The line is down; it is tried again."),
    N_("{name} does not answer any more."),
    N_("The line ended in the middle of {path}."),
    N_("The line to {name} was cut."),
    N_("Nothing is lost: it goes on from here when the line is back."),
    N_("The name {name} is not known on this line."),
    N_("Check that the line is up; if it is, check the hub's address."),
    N_("{name} refuses connections."),
    N_("The hub is switched off, or a firewall is in the way; it is tried again."),
    N_("{name} cannot be asked: {reason}."),
    N_("Check the hub's address."),
    N_("{name} sends {path} too slowly."),
    N_("A login page answers in place of {name}."),
    N_("Log in to the line with a browser, or ask whoever runs it."),
    N_("Something that does not encrypt answers in place of {name}."),
    N_("{name} wants to go on without encryption."),
    N_("{name} has moved to {address}."),
    N_("Tell the hub's admin: nodes ask only at the address of their token."),
    N_("What {name} sends is spoilt on its way."),
    N_("{path} of {name} was changed on its way."),
    N_("{name} fails (HTTP {status})."),
    N_("{name} cannot answer now (HTTP {status})."),
    N_("It is busy or being repaired; it is tried again."),
    N_("{name} does not give {path} (HTTP {status})."),
    N_("{name} has no file {path}."),
    N_("Tell the hub's admin."),
    N_("Tell the hub's admin if it stays so."),
    N_("{name} sent {path} from its beginning instead of the part that is missing."),
    N_("{name} sent another part of {path} than was asked for."),
    N_("A proxy on the line spoils it; use the encrypted address of the hub."),
    N_("{path} at {name} is shorter than it should be."),
    N_("{path} changed at {name} while it was being fetched."),
    N_("It is tried again; tell the hub's admin if it stays so."),
    N_("{name} does not prove that it is the hub: {reason}."),
    N_("A login page or a filter may be in the way; otherwise tell the hub's admin."),
    N_(
        "{name} does not prove that it is the hub: its certificate was valid until"
        " {until}, and it is {now} at least."
    ),
    N_("Tell the hub's admin to renew the certificate."),
    N_(
        "{name} does not prove that it is the hub: its certificate is of an authority that is"
        " not trusted here."
    ),
    N_(
        "Someone on the line opens the encryption: ask whoever runs it to let {name} pass as it"
        " is. If nobody does, tell the hub's admin."
    ),
    N_("{path} is too large: more than {limit} bytes."),
    N_("{name} cannot be read: {reason}."),
    N_("{path} on {name} is cut short."),
    N_("Copy the repository to the stick again."),
    N_("{file} is larger than allowed."),
    N_("{file} could not be fetched."),
    N_("It is tried again."),
    N_("{file} is not of the version that it should be: someone may be replaying old files."),
    N_("{file} is not signed by the right keys."),
    N_("{file} is damaged or not what was signed."),
    N_("The signature of {file} has expired."),
    N_(
        "{file} has version {found}, and this node has seen {seen}: someone may be"
        " replaying old files."
    ),
    N_("What is here stays and is served; nothing new is taken until that is right again."),
    N_(
        "A mirror that lags catches up by itself. What is here stays and is served; nothing new"
        " is taken until that is right again."
    ),
    N_(
        "Whoever signed it must sign again. What is here stays and is served; nothing"
        " new is taken until that is right again."
    ),
    N_("The packs of {role} cannot be listed: it has no path patterns."),
    N_("Update Packhorse on this machine."),
    N_("The release of {pack} is too large."),
    N_("The release of {pack} is of another pack."),
    N_("The assignment of {place} is too large."),
    N_("The assignment of {place} cannot be used: {reason}"),
    N_("What is here stays and is kept up to date. Tell whoever assigns there."),
    N_("The assignment of {place} gives this school, {school}, no pack."),
    N_(
        "Ask whoever assigns there to put the school into a group. What is here stays and"
        " is served."
    ),
    N_("A withdrawal of {pack} cannot be read: {reason}."),
    N_(
        "What was withdrawn before stays so. Update Packhorse on this machine; if that"
        " does not help, tell the publisher."
    ),
    N_("This node trusts nobody yet: {path} is missing."),
    N_("The hub's authority is not a certificate."),
    N_("The hub's authority {path} is damaged."),
    N_("The file {name} of this node's own trust was damaged."),
    N_("It is fetched and verified again; if it happens often, replace the card or disk."),
    N_("The file {file} is damaged or not a tip: {reason}"),
    N_("It is fetched again at the next poll."),
    N_("The manifest of {pack} version {version} is of another version."),
    N_("The delta of {pack} from version {base} gives something else than was signed."),
    N_("The delta of {pack} from version {base} needs another zlib than this system has."),
    N_("Version {base} of {pack} is not here any more."),
    N_("Tell the publisher."),
    N_("The bundles of {pack} version {version} lack {count} of its files."),
    N_("Tell the publisher to publish it again."),
    N_("{file} from {name} is damaged: {reason}"),
    N_("What was right of it is kept; the rest is fetched again when the hub has it."),
    N_("This machine is not enrolled yet."),
    N_("This machine is not enrolled yet: there is no node in {path}."),
    N_("Run `packhorse node enrol` with the token that your hub gave you."),
    N_("There is no node in {path}."),
    N_("This node has no key: {path} is missing."),
    N_("Run `packhorse node enrol` with a new token."),
    N_("The node's key {path} is damaged."),
    N_("Restore it from a backup, or move it away and enrol with a new token."),
    N_("The hub acknowledged other statements than were sent."),
    N_("A statement in {path} is damaged."),
    N_("The portal sets it right when it starts the next time."),
    N_("The disk is nearly full: {free} free, {floor} must stay free."),
    N_("Assign fewer packs to this school, or put in a larger disk."),
    N_(
        "The disk has too little space for {what}: {needed} needed, {free} free now, of"
        " which {floor} must stay free."
    ),
    N_("Free {lacking} on the disk, or assign fewer packs to this school."),
    N_("{path} cannot be written: the disk is full."),
    N_("Free some space on that disk; nothing was lost, and the work goes on then."),
    N_("{path} cannot be read or written: the disk reports an error."),
    N_("Check the cable or card; if it happens again, replace the card or disk."),
    N_("{path} cannot be written: its disk has become read-only."),
    N_("Restart this machine; if it happens again, replace the card or disk."),
    N_("{path} may not be used by this user."),
    N_("Run the command as the user that owns the directory, or correct its owner."),
    N_("The blob {digest} is damaged."),
    N_("The blob {digest} is not here."),
    N_("Run `packhorse node check --repair`; it is fetched again then."),
    N_("The file {path} is not what was signed: its digest is {found}, not {digest}."),
    N_("It is dropped and fetched again."),
    N_("The database {path} is damaged."),
    N_("It is set aside and repaired when the node starts."),
    N_("The database {path} is busy."),
    N_("Try again."),
    N_("{path} was written by a newer Packhorse."),
    N_("The list of lessons is being repaired."),
    N_("Try again in a minute."),
    N_("{what} is already running here."),
    N_("Wait until it ends, or stop it first."),
    N_("Fetching stopped: nothing was heard of it for too long."),
    N_("Fetching stopped unexpectedly ({ending})."),
    N_("Sending usage records stopped: nothing was heard of it for too long."),
    N_("Sending usage records stopped unexpectedly ({ending})."),
    N_("It is tried again by itself. If this stays, send the node's log to your admin."),
    N_("{path} has the unknown key {key}."),
    N_("Remove it or mend its spelling; the keys are: {known}."),
    N_("{path} is not TOML: {reason}."),
    N_("Mend that line; docs/node.md shows how the file is written."),
    N_("{key} in {where} {wanted}."),
    N_("Correct that key; docs/node.md shows examples."),
    N_("{path} cannot be read: {reason}."),
    N_("Check who owns the file, and its permissions."),
    N_("{path} is larger than a configuration can be."),
    N_("Write it anew; docs/node.md lists the keys."),
    N_("{what} is too large: {size} bytes, at most {limit} are accepted."),
    N_("{what} cannot be read: {reason}."),
    N_("This {what} has format {found}; this Packhorse knows format {known}."),
    N_("Plug the stick in and give the same command again; it goes on where it stopped."),
    N_("{path} on {name} cannot be read: {reason}."),
    N_("The stick may be worn out: copy the repository to another one."),
    N_("This node is enrolled at {url} for school {school} already."),
    N_("To move it to the hub of the new token, enrol with --again."),
    N_("The token's hub {url} is not a web address."),
    N_("Ask for a new token."),
    N_("The hub answers as another hub than the token's."),
    N_("The token's hub {url} is not encrypted."),
    N_("Ask for a token whose address begins with https://."),
    N_("Whoever answers at {url} is not the hub that made the token."),
    N_("A login page or a filter may be in the way; otherwise ask for a new token."),
    N_("{path} of {url} is not the root that the token names."),
    N_("Ask the hub's admin for a new token; if it happens again, someone interferes."),
    N_("The hub answers for school {found}, the token is for {school}."),
    N_("{path} of {url} is not a signed root."),
    N_("There is no setup file {path}."),
    N_("Check that the stick is plugged in, and the name of the file."),
    N_("The roots in the setup file {what} do not follow one another."),
    N_("Ask the hub's admin for a new one."),
    N_("Another node has used the setup file of {school} already."),
    N_(
        "Take the file of this node's own school. If the other node is no longer in use, ask"
        " the hub's admin for a new file."
    ),
    N_("The roots in the setup file {what} are not signed as they should be."),
    N_("The node's enrolment key is missing or damaged."),
    N_("Enrol again with the setup file: packhorse node import DIR --setup FILE --again"),
    N_("The hub at {url} is another one than that of the setup file."),
    N_("Ask the hub's admin for a new setup file."),
    N_("The packs on the stick at {place} are of another hub, not of this node's."),
    N_("Take a stick that your own hub has made."),
    N_("This node cannot check receipts: it was enrolled by an older Packhorse."),
    N_("Enrol it again with a new token; what waits is kept until then."),
    N_("The receipt on the stick is for another node."),
    N_("Import the stick at the hub again."),
    N_(
        "What was right of it is kept. Let the hub fill the stick again: packhorse hub export"
        " --check"
    ),
    N_("The receipt on the stick cannot be read."),
    N_("The stick at {place} cannot be used: {reason}."),
    N_(
        "Check that it is plugged in, and give the same command again; it goes on where it"
        " stopped. If that fails again, take another stick."
    ),
    N_("The stick at {place} is full."),
    N_(
        "Free some space on it, or take a larger one, and give the same command again; it"
        " goes on where it stopped."
    ),
    N_("The stick at {place} cannot hold so large a file."),
    N_("Format the stick with exFAT, and give the same command again."),
    N_("The stick at {place} cannot be written: it is write-protected, or not yours to write."),
    N_("Move the small switch on its side, if it has one; otherwise take another stick."),
    N_("{path} on the stick is not a folder."),
    N_("Remove it from the stick, and give the same command again."),
    N_("The setup file {what} has been changed since the hub made it."),
    N_("Copy it again, or ask the hub's admin for a new one."),
    N_("The receipt on the stick is not from this node's hub."),
    N_("This is not an enrolment token."),
    N_("The enrolment token has been mistyped or cut."),
    N_("The enrolment token has been mistyped."),
    *NODE_CAUSES,
    *HELD_CAUSES,
    N_("The hub's signatures ended on {day}: nothing new is installed."),
    N_(
        "What is here is served on. Let this node reach the hub, or import a newer stick; if"
        " that does not help, tell the hub's admin."
    ),
    N_("The hub's signatures end on {day}: after that nothing new is installed."),
    N_(
        "Let this node reach the hub, or import a newer stick, before then. What is here is"
        " served on in any case."
    ),
    N_("The signature of {publisher} ended on {day}: nothing new of it is installed."),
    N_(
        "What is here of it is served on, and others are not affected. Its publisher must"
        " publish again; tell the hub's admin."
    ),
    N_("The signature of {publisher} ends on {day}: after that nothing new of it is installed."),
    N_(
        "Its publisher must publish again before then; tell the hub's admin. What is here is"
        " served on in any case."
    ),
    N_("This node's journal is missing."),
    N_("The portal makes it when it starts."),
    N_(
        "What is on the stick is older than what this node has seen already; nothing was"
        " taken from it."
    ),
    N_("Take a stick that the hub has filled since then."),
)
