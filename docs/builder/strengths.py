"""Low, middle and high strength, for layers where an argument says how strong they are.

A layer that is not listed here is drawn with the arguments of its first case in the tests, and its
draws are shown from the weakest to the strongest.
"""


def each(argument, *values):
    return [{argument: value} for value in values]


def exactly(argument, *values):
    """The same strength in every draw, so that a picture shows just that."""
    return [{argument: (value, value)} for value in values]


STRENGTHS = {
    "ImageOnlyAugMix": each("severity", 0.1, 0.3, 0.8),
    "ImageOnlyBiasField": exactly("factor", 0.2, 0.5, 0.8),
    "ImageOnlyBrightness": each("factor", 0.1, 0.3, 0.6),
    "ImageOnlyCLAHE": exactly("clip_limit", 1.5, 4.0, 10.0),
    "ImageOnlyChannelShift": each("factor", 0.05, 0.15, 0.4),
    "ImageOnlyContrast": each("factor", 0.1, 0.3, 0.7),
    "ImageOnlyDefocusBlur": exactly("radius", 1.0, 2.5, 5.0),
    "ImageOnlyErasing": exactly("scale", 0.02, 0.1, 0.3),
    "ImageOnlyFog": exactly("factor", 0.2, 0.45, 0.7),
    "ImageOnlyFourierDomainAdaptation": exactly("beta", 0.01, 0.05, 0.1),
    "ImageOnlyGamma": each("factor", (0.9, 1.1), (0.7, 1.5), (0.4, 2.5)),
    "ImageOnlyGaussianBlur": [
        {"kernel_size": size, "sigma": (sigma, sigma)}
        for size, sigma in ((3, 0.7), (7, 1.5), (13, 3.0))
    ],
    "ImageOnlyGaussianNoise": exactly("factor", 0.02, 0.08, 0.2),
    "ImageOnlyHue": each("factor", 0.05, 0.2, 0.5),
    "ImageOnlyJPEGCompression": exactly("quality", 80, 30, 5),
    "ImageOnlyLowResolution": exactly("scale", 0.7, 0.4, 0.2),
    "ImageOnlyMotionBlur": exactly("length", 3.0, 8.0, 16.0),
    "ImageOnlyPosterize": exactly("factor", 5, 3, 1),
    "ImageOnlySaltAndPepper": exactly("factor", 0.01, 0.05, 0.2),
    "ImageOnlySaturation": exactly("factor", 0.35, 0.15, 0.9),
    "ImageOnlySharpness": exactly("factor", 0.2, 0.5, 1.0),
    "ImageOnlyShotNoise": exactly("factor", 0.05, 0.15, 0.4),
    "ImageOnlySpeckleNoise": exactly("factor", 0.05, 0.2, 0.5),
    "ImageOnlyVignetting": exactly("factor", 0.2, 0.5, 0.9),
    "JointCutMix": exactly("area", 0.1, 0.3, 0.5),
    "JointClassMix": each("fraction", 0.2, 0.5, 0.8),
    "JointRandAugment": each("magnitude", 0.2, 0.5, 1.0),
    "JointRandomElasticTransform": [
        {"strength": value, "smoothness": smoothness}
        for value, smoothness in ((0.01, 0.25), (0.02, 0.25), (0.03, 0.4))
    ],
    "JointRandomErasing": exactly("scale", 0.02, 0.1, 0.3),
    "JointRandomGridDistortion": each("factor", 0.2, 0.5, 0.9),
    "JointRandomLensDistortion": exactly("factor", -0.2, 0.2, 0.6),
    "JointRandomPerspective": each("scale", 0.1, 0.25, 0.45),
    "JointRandomRotation": each("factor", 0.03, 0.1, 0.5),
    "JointRandomScaleCrop": each("scale", (0.9, 1.1), (0.6, 1.5), (0.3, 2.0)),
    "JointRandomShear": [{"x_factor": value, "y_factor": value / 2} for value in (0.1, 0.25, 0.5)],
    "JointRandomTranslation": [
        {"height_factor": value, "width_factor": value} for value in (0.05, 0.15, 0.4)
    ],
    "JointRandomZoom": each("height_factor", 0.1, 0.3, 0.6),
    "JointTrivialAugment": each("magnitude", 0.2, 0.5, 1.0),
}
