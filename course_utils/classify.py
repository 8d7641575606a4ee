"""Name pictures: python classify.py PICTURE... (model.keras and classes.txt lie beside it)."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    import keras
    import numpy as np
    from PIL import Image, ImageOps

    here = Path(__file__).parent
    model = keras.saving.load_model(here / "model.keras", compile=False)
    names = (here / "classes.txt").read_text(encoding="utf-8").splitlines()
    for path in sys.argv[1:]:
        try:
            picture = Image.open(path)
            picture.draft("RGB", (512, 512))  # quicker for a large JPEG
            upright = ImageOps.exif_transpose(picture)
        except (OSError, ValueError) as error:
            print(f"{path} is left out, since it cannot be read: {error}", file=sys.stderr)
            continue
        if upright.mode.startswith("I"):  # 16 bits a pixel
            greys = np.asarray(upright) / (257 if np.max(upright) > 255 else 1)
            upright = Image.fromarray(greys.clip(0, 255).round().astype("uint8"))
        white = Image.new("RGBA", upright.size, "white")  # what is transparent becomes white
        upright = Image.alpha_composite(white, upright.convert("RGBA")).convert("RGB")
        pixels = np.asarray(ImageOps.fit(upright, model.input_shape[1:3]))
        (says,) = model.predict(pixels[None], verbose=0)
        print(f"{path}: {names[says.argmax()]}, {says.max():.0%} sure")
