"""A program of a user who checks types strictly: every public name once. For mypy, never run."""

from typing import Any

import numpy as np

import keras_segaug as ks

images: Any = np.zeros((2, 8, 8, 3), "uint8")
masks: Any = np.ones((2, 8, 8), "uint8")
version: str = ks.__version__
bases: list[type[ks.AugmentationLayer]] = [ks.JointLayer, ks.ImageOnlyLayer, ks.MaskOnlyLayer]
bases += [ks.MixingLayer]

joint = [
    ks.JointCenterCrop(4, 6),
    ks.JointPadding(multiple=32),
    ks.JointRandomAffine(rotation_factor=0.1, zoom_height_factor=(-0.1, 0.2)),
    ks.JointRandomCrop((4, 6), foreground_probability=0.5, foreground_classes=[1]),
    ks.JointRandomElasticTransform(strength=(0.01, 0.02)),
    ks.JointRandomErasing(fill_value="noise", mask_fill_value=255),
    ks.JointRandomFlip("horizontal", class_swap={"left": "right"}, class_names=["left", "right"]),
    ks.JointRandomGridDistortion(num_steps=3),
    ks.JointRandomLensDistortion(0.2),
    ks.JointRandomPerspective(scale=0.1),
    ks.JointRandomResizedCrop(8, 8, scale=(0.2, 1.0)),
    ks.JointRandomRotate90(mirror=True),
    ks.JointRandomRotation(0.1, fill_mode="constant", mask_fill_value=255, probability=0.5),
    ks.JointRandomScaleCrop(8, 8),
    ks.JointRandomShear(x_factor=0.1),
    ks.JointRandomTranslation(0.1, (-0.1, 0.2)),
    ks.JointRandomZoom(0.1),
    ks.JointResizing(8, antialias=True),
]
mixing: list[ks.MixingLayer] = [
    ks.JointClassMix(fraction=0.5, ignore_class=None),
    ks.JointCopyPaste([1, 2], count=3, flip=True, instances="instances"),
    ks.JointCowMix(proportion=(0.2, 0.8)),
    ks.JointCutMix(area=(0.1, 0.5), mask="organs"),
    ks.JointMixUp(alpha=0.4, masks="soft"),
    ks.JointMosaic(8, 8, scale=(0.5, 2.0), across_shards=True),
]
image_only = [
    ks.ImageOnlyBrightness(0.1, value_range=(0, 1)),
    ks.ImageOnlyColorJitter(brightness_factor=0.1),
    ks.ImageOnlyContrast(0.1),
    ks.ImageOnlyGamma((0.7, 1.4)),
    ks.ImageOnlyGaussianBlur(kernel_size=3),
    ks.ImageOnlyGaussianNoise(0.1),
    ks.ImageOnlyHue(0.1),
    ks.ImageOnlyNormalization(mean=0.0, variance=1.0),
    ks.ImageOnlyRescaling(1 / 255),
    ks.ImageOnlySaturation(0.4),
    ks.ImageOnlyAutoContrast(factor=(0.5, 1.0)),
    ks.ImageOnlyBiasField(mask_classes=[1, 2]),
    ks.ImageOnlyCLAHE(channels=(0,)),
    ks.ImageOnlyChannelDropout(),
    ks.ImageOnlyChannelShift(0.1),
    ks.ImageOnlyChannelShuffle(),
    ks.ImageOnlyDefocusBlur(),
    ks.ImageOnlyEqualize(probability=0.5),
    ks.ImageOnlyErasing(),
    ks.ImageOnlyFog(),
    ks.ImageOnlyFourierDomainAdaptation(beta=0.05),
    ks.ImageOnlyGrayscale(factor=(0.5, 1.0)),
    ks.ImageOnlyGridDropout(),
    ks.ImageOnlyHistogramMatching(images, factor=(0.5, 1.0)),
    ks.ImageOnlyInvert(),
    ks.ImageOnlyJPEGCompression((30, 90)),
    ks.ImageOnlyLambda(abs),
    ks.ImageOnlyLowResolution((0.5, 1.0)),
    ks.ImageOnlyMedianBlur(),
    ks.ImageOnlyMotionBlur(),
    ks.ImageOnlyPercentileRescaling(),
    ks.ImageOnlyPosterize((3, 6)),
    ks.ImageOnlySaltAndPepper(0.02),
    ks.ImageOnlyShadow(),
    ks.ImageOnlySharpness((0.3, 0.9)),
    ks.ImageOnlyShotNoise(0.1),
    ks.ImageOnlySolarize(),
    ks.ImageOnlySpeckleNoise(0.1),
    ks.ImageOnlyVignetting(),
]
turns = [ks.SomeOf(image_only, count=(1, 2), replace=True), ks.RandomOrder(image_only)]
policies = [ks.JointRandAugment(2, magnitude=0.5), ks.JointTrivialAugment(flip="horizontal")]
mix = ks.ImageOnlyAugMix(severity=0.3, depth=(1, 3))
mask_only = [ks.MaskOnlyColorToClass([(0, 0, 0)]), ks.MaskOnlyOneHot(3), ks.Identity()]
choice = ks.RandomChoice([ks.Identity(), ks.JointRandomFlip()], weights=[1, 2])
pipeline = ks.Pipeline([choice, *joint], seed=1, targets={"depth": "continuous"})
recipe: ks.Pipeline = ks.recipes.nnunet((64, 64), value_range=(0, 1), seed=1)

key = ks.random.fold_in(ks.random.key(1), 2)
drawn: dict[str, Any] = pipeline.draw_parameters((images, masks), key)
told: list[list[str]] = pipeline.describe(drawn)
told_of_one: list[str] = pipeline.describe(drawn, sample=0)
ks.save_parameters("drawn.npz", pipeline, drawn)
loaded: dict[str, Any] = ks.load_parameters("drawn.npz", pipeline)
augmented = pipeline(images, masks, training=True)
applied = pipeline.apply((images, masks), drawn)
back = pipeline.invert(applied, drawn, size=(8, 8), predictions=False)
again = pipeline.augment((images, masks), pipeline.call_key(0))
told_images, told_parameters = pipeline(images, return_parameters=True)
views = ks.MultiView({"weak": choice, "strong": pipeline}, shared=ks.JointCenterCrop(8), seed=1)
shown, view_parameters = views(images, masks, return_parameters=True)
moved, valid = views.transfer(shown["weak"][1], view_parameters, source="weak", target="strong")
text: str = pipeline.to_json()
same_on_all_hosts: str = pipeline.fingerprint()
read = ks.Pipeline.from_json(text)


def tools(dataset: Any) -> None:
    ks.augment_dataset(dataset, pipeline, seed=1)
    report = ks.check_alignment(pipeline, size=(48, 64))
    print(report, ks.plot_gallery(pipeline, images, masks))
    ks.from_image_data_generator({"rotation_range": 10})
    ks.segmentation_dataset_from_directory("images", "masks", batch_size=None)
    image, mask = ks.segmentation_source_from_directory("images", "masks", output="tuple")[0]
    print(pipeline.augment((image, mask), key=1))
    chance = ks.AugmentationSchedule(pipeline, "probability", ks.LinearSchedule(0.0, 1.0, epochs=5))
    factor = ks.CosineSchedule((0.0, 0.0), (-0.1, 0.1), epochs=5)
    monitor = ks.AugmentationMonitor(pipeline, images, masks, folder="sheets", every=2)
    callbacks: list[Any] = [chance, ks.AugmentationSchedule(joint[0], "factor", factor), monitor]
    print(callbacks)
    ks.export_augmentation(pipeline, "saved", image=(64, 64, 3), mask=(64, 64))


def train(network: Any, dataset: Any) -> None:
    ks.export(network, "saved_model", augmentation=pipeline)
    model = ks.AugmentedModel(network, pipeline, mask_transform=abs, name="augmented")
    model.fit(dataset, class_weight={0: 0.5})
    print(model.model, model.augmentation)


def test_time(network: Any) -> None:
    tta = ks.TestTimeAugmentation(network, [joint[0]], merge="vote", tile=(64, 64), logits=True)
    print(tta(images), tta.predict(images))


class Draws(ks.ImageOnlyLayer):
    def draw(self, draws: ks.random.Draws) -> dict[str, Any]:
        return {"amount": draws.uniform(0.0, 1.0)}
