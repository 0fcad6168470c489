"""The contracts of every codec (docs/writing-a-plugin.md), for all networks and parameters of pixelcnn."""

from neuroc.testing import suite

TestPixelcnn = suite("pixelcnn", examples=4, side=10)
