"""Name pictures: python classify.py PICTURE... (model.keras and classes.txt lie beside it)."""

import sys
from pathlib import Path

if __name__ == "__main__":
    import keras
    import numpy as np
    from PIL import Image, ImageOps

    here = Path(__file__).parent
    model = keras.saving.load_model(here / "model.keras", compile=False)
    names = (here / "classes.txt").read_text(encoding="utf-8").splitlines()
    for path in sys.argv[1:]:
        picture = Image.open(path)
        picture.draft("RGB", (512, 512))  # quicker for a large JPEG
        upright = ImageOps.exif_transpose(picture).convert("RGB")
        pixels = np.asarray(ImageOps.fit(upright, model.input_shape[1:3]))
        (says,) = model.predict(pixels[None], verbose=0)
        print(f"{path}: {names[says.argmax()]}, {says.max():.0%} sure")
