"""The sentences of the node itself: doctor, teachers, clock and sticks; see ``causes``."""

from typing import Final

from tui.texts import N_

NODE_CAUSES: Final = (
    N_("The stick is being read or written just now."),
    N_("Wait until that has ended."),
    N_("The node is busy with what it was asked for before."),
    N_("Looking takes too long."),
    N_("If a stick is plugged in, it may be failing: pull it out and try again."),
    N_("Looking stopped unexpectedly."),
    N_("Try again. If this stays, send the node's log to your admin."),
    N_("The node is asked for the same too often."),
    N_("Wait a moment and try again."),
    N_("There are {count} teachers already."),
    N_("Remove those who have left."),
    N_("A teacher needs a name."),
    N_("Type one, such as 王老师."),
    N_("The name is too long: at most {longest} characters."),
    N_("Shorten it."),
    N_("There is no teacher {name}."),
    N_("Names are written as in the list of teachers."),
    N_("There is no folder {path}."),
    N_("Check that the stick is plugged in, and where it is: lsblk shows it."),
    N_("{path} is not a whole path."),
    N_("Write it from the beginning, like /run/packhorse/sticks/stick-1."),
    N_("{path} is the node's own directory."),
    N_("Name a stick, or another directory."),
    N_("The node may not read {path}."),
    N_("It reads what its own user may: mount the stick for everyone, or for its group."),
    N_("There is no stick at {path}."),
    N_("Look at the list of sticks again; it may have been pulled out."),
    N_("The stick {name} is still being written."),
    N_("Leave it in, and try again in a minute."),
    N_("The stick {name} is in use, and stays mounted."),
    N_("Close what uses it, then release it again, or: sudo umount {path}"),
    N_("The stick {name} cannot be released: {reason}."),
    N_("Unmount it yourself: sudo umount {path}"),
    N_(
        "The school's time is not known: this machine's clock has not been set since it"
        " was started."
    ),
    N_(
        "Confirm the time on the technician's screen, or with: packhorse node time 2026-11-25T08:28"
    ),
    N_("The disk can only be read: nothing new can be kept."),
    N_("Cards and disks do so when they fail: make a backup and replace it."),
    N_("It is {time}, as a person confirmed since the start."),
    N_("The disk is full: {free} of {total} are free, {floor} must stay so."),
    N_("Have fewer packs assigned to this school, or put in a larger disk."),
    N_("The clock is set, but no time zone is chosen: it shows {time}."),
    N_("Choose it with: sudo timedatectl set-timezone Asia/Shanghai"),
    N_("The clock is set by itself: it is {time}."),
    N_("The disk is nearly full: {free} of {total} are free, {floor} must stay so."),
    N_("The disk has room: {free} of {total} are free."),
    N_(
        "Enrol it on the technician's screen, or with `packhorse node enrol` and the"
        " token or setup file that your hub gave you."
    ),
    N_(
        "What the hub signed has expired ({file}): lessons that are here stay and are"
        " served, new ones are not taken."
    ),
    N_(
        "Connect the node to its line, or import a newer stick; if it stays so, the hub"
        " has to renew its signatures."
    ),
    N_("No lessons are assigned to this school, as far as this node knows."),
    N_("Connect it to its line or import a stick; otherwise ask the hub's admin."),
    N_("Who this node is cannot be read: {file} is damaged."),
    N_("Restore it from a backup, or enrol again with a new token."),
    N_("This node is enrolled for {school}, but the hub has not heard of it yet."),
    N_(
        "It serves lessons already. Export to a stick and take it to the hub, or connect"
        " the node to a line."
    ),
    N_("This node is enrolled as {node} of {school}."),
    N_("What the hub signed is in force until {day} only ({file}); then no new lessons are taken."),
    N_("Connect the node to its line before that, or import a newer stick."),
    N_("What the hub signed is in force until {day}."),
    N_("Of {count} packs for this school, {missing} are not wholly here."),
    N_("They come by themselves while there is a line; otherwise import a stick."),
    N_("All {count} packs for this school are here."),
    N_("Another program answers at port {port}, in place of the lessons' pages."),
    N_("Stop it (sudo ss -ltnp shows it), or choose another port in node.toml."),
    N_("The lessons' pages answer at ports {port} and {content}."),
    N_("This machine is on no network: tablets cannot reach it, nor it the hub."),
    N_("Plug in the network cable, or switch on its own Wi-Fi."),
    N_("The hub's address {url} cannot be used."),
    N_("Enrol again with a token of your hub."),
    N_("The name of the hub at {url} is not known on this network."),
    N_("The hub at {url} does not answer."),
    N_("The hub at {url} cannot be reached: {reason}."),
    N_("It is tried again by itself. Where there is no line, lessons come by stick."),
    N_("The system chooses the ports of the lessons' pages."),
    N_("Devices find the lessons at {names}."),
    N_("The lessons' pages do not answer at port {port}."),
    N_(
        "Start the node: sudo systemctl restart packhorse-portal (or `packhorse node"
        " run`); its log says why it does not start."
    ),
    N_("This machine is on a network ({addresses}) that leads nowhere else."),
    N_(
        "Where there is no line, lessons come by stick. Where there is one, look at the"
        " router and its cable."
    ),
    N_("This machine is on a network: {addresses}."),
    N_("The hub at {url} can be reached."),
    N_("No name leads to the lessons on this network, only {address}."),
    N_("Show pupils the QR code, or install avahi-daemon, which gives the machine a name."),
    N_("No address leads to the lessons: this machine is on no network."),
    N_("The stick {label} can be used."),
    N_("{count} things kept here are damaged or missing; the first: {first}"),
    N_("Set right what can be: packhorse node check --repair"),
    N_("The lessons on the stick {label} could be installed until {day} only."),
    N_("Have the hub export the stick again."),
    N_("The stick {label} can only be read: lessons can be imported, usage not exported."),
    N_("Move the small switch on its side, if it has one."),
    N_("{file} in the node's directory belongs to root, so the node cannot write it."),
    N_("Give it back: sudo chown --reference={root} {root}/{file}"),
    N_("Nothing is kept here yet."),
    N_("What is kept here is whole: {count} files, {size}."),
    N_("No stick is plugged in."),
    N_("A PIN has {shortest} to {longest} digits."),
    N_("Choose another one."),
    N_("This PIN is too easy: pupils try such first."),
    N_("Choose digits that do not follow or repeat each other, as in 1234, 0000 or 1212."),
    N_("It cannot be {said}: this node has seen {floor} already."),
    N_("Type today's date and the time that the school's clock shows."),
    N_("The machine's clock is set by itself, and shows another time."),
    N_("If it is wrong by whole hours, set the time zone: key `zone` of node.toml."),
    N_("The call cannot be read: {reason}."),
    N_("The node's answer cannot be read: {reason}."),
    N_("Node and screen are of different versions: restart both."),
    N_("There is no time zone {name}."),
    N_("Write it like Asia/Shanghai; the package tzdata has all of them."),
    N_("{text} is not a date and a time."),
    N_("Write it like 2026-11-25T08:28."),
    N_("{path} is open in another program."),
    N_("Close it there, then run the command again."),
)
