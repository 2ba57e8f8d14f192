"""A recorded lesson, made on the spot: slides with a camera's noise, a teacher who moves, speech.

Used where bit rates, loudness and stills are measured: what the encoders meet is as hard as a real
lesson, and as quiet as a cheap microphone.
"""

from pathlib import Path
from typing import Final

import av
import av.filter

RATE: Final = 25
_SIZE: Final = "640x360"
# Seconds for which a slide stays.
SLIDE: Final = 15
_SLIDES: Final = (
    f"drawgrid=w=40:h=30:c=black@0.8:enable='lt(mod(t,{2 * SLIDE}),{SLIDE})'",
    f"drawgrid=w=64:h=50:t=3:c=blue@0.8:enable='gte(mod(t,{2 * SLIDE}),{SLIDE})'",
)
_NOISE: Final = "noise=c0s=5:c0f=t:all_seed={seed}"
_SEED: Final = 123_457
_PITCH: Final = 160
# Where the teacher stands, and how far to the side in the lesson of the next seed.
_X: Final = 440
_Y: Final = 210
_STEP: Final = 7
_PLACES: Final = 50
_SPEECH: Final = (
    "0.04*sin(2*PI*{pitch}*t+60*sin(2.9*t))*(0.6+0.4*sin(11*t))*gt(mod(t,5),0.8)"
    "+0.02*sin(2*PI*900*t+400*sin(1.7*t))*gt(sin(7*t),0.2)*gt(mod(t,5),0.8)"
    # A ruler on the desk.
    "+0.4*lt(mod(t,9),0.004)*sin(9000*t)"
)


def write_lesson(path: Path, seconds: int, seed: int = 0) -> None:
    """Write a lesson of H.264 at 640 by 360 and AAC of 44.1 kHz in mono.

    Args:
        path: where to.
        seconds: how long it is.
        seed: of another one the camera's noise, the teacher's place and the voice are others.
    """
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream(
            "libx264", rate=RATE, options={"preset": "ultrafast", "crf": "22", "coder": "cabac"}
        )
        video.width, video.height = map(int, _SIZE.split("x"))
        video.pix_fmt, video.gop_size = "yuv420p", 2 * RATE
        audio = container.add_stream("aac", rate=44_100, layout="mono")
        pictures, speech = _pictures(seed), _speech(seed)
        heard = 0
        for number in range(seconds * RATE):
            container.mux(video.encode(pictures.vpull()))
            while heard < (number + 1) * 44_100 / RATE:
                sound = speech.pull()
                assert isinstance(sound, av.AudioFrame)
                heard += sound.samples
                container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _pictures(seed: int) -> av.filter.Graph:
    graph = av.filter.Graph()
    slide = graph.add("color", f"c=0xF0F0E8:s={_SIZE}:r={RATE}")
    for one in (*_SLIDES, _NOISE.format(seed=_SEED + seed)):
        name, _, arguments = one.partition("=")
        following = graph.add(name, arguments)
        slide.link_to(following)
        slide = following
    teacher = graph.add("testsrc2", f"s=160x120:r={RATE}")
    x, y = _X - _STEP * (seed % _PLACES), _Y - seed % _PLACES
    overlay = graph.add("overlay", f"x='{x}+14*sin(0.9*t)':y='{y}+8*cos({1.3 + seed / 50}*t)'")
    slide.link_to(overlay, 0, 0)
    teacher.link_to(overlay, 0, 1)
    _end(graph, overlay, "format", "pix_fmts=yuv420p", "buffersink")
    return graph


def _speech(seed: int) -> av.filter.Graph:
    graph = av.filter.Graph()
    exprs = _SPEECH.format(pitch=_PITCH + 3 * seed)
    speech = graph.add("aevalsrc", f"exprs='{exprs}':s=44100:c=mono")
    _end(graph, speech, "aformat", "sample_fmts=fltp", "abuffersink")
    return graph


def _end(graph: av.filter.Graph, last: av.filter.context.FilterContext, *names: str) -> None:
    shape = graph.add(names[0], names[1])
    sink = graph.add(names[2])
    last.link_to(shape)
    shape.link_to(sink)
    graph.configure()
