/* Draw a digit: two small networks answer while one draws, and while one drags the digit aside.

A classic script without anything foreign, so that it works from a file. The arithmetic comes first and
needs no browser (the tests call it in Node); the page's part looks for elements with the class
`digits`, in which a picture stands until this replaces it. Weights: digits_weights.js, made by
site/train_digits.py. */
(function () {
  "use strict";

  var SIDE = 28; // of what a network sees
  var ROOM = 28; // how far a digit can be dragged to each side
  var WIDE = SIDE + 2 * ROOM; // of the plane on which the ink lies
  var PEN = 1.15; // half a stroke's width, in pixels
  var BOX = 20; // MNIST's digits fit into a frame of 20 x 20

  // Arithmetic

  /** The numbers that a text in base 64 holds as little-endian float16. */
  function float16(text) {
    var bytes = unpack(text), numbers = new Float32Array(bytes.length / 2);
    for (var i = 0; i < numbers.length; i++) {
      var bits = bytes[2 * i] | (bytes[2 * i + 1] << 8);
      var sign = bits & 0x8000 ? -1 : 1, power = (bits >> 10) & 31, rest = bits & 1023;
      // Below 2^-14 the exponent stays and the leading one goes; weights are never infinite.
      numbers[i] = sign * (power ? Math.pow(2, power - 15) * (1 + rest / 1024) : rest * Math.pow(2, -24));
    }
    return numbers;
  }

  function unpack(text) {
    var letters = atob(text), bytes = new Uint8Array(letters.length);
    for (var i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
    return bytes;
  }

  /** The arrays of one network, in Keras's order: kernel, bias, kernel, bias, ... */
  function network(kept, name) {
    var all = float16(kept.networks[name]), at = 0;
    return kept.shapes.map(function (shape) {
      var size = shape.reduce(function (a, b) { return a * b; }, 1);
      at += size;
      return { shape: shape, values: all.subarray(at - size, at) };
    });
  }

  /** Ten probabilities for 784 values from 0 to 255, row by row. */
  function forward(arrays, pixels) {
    var x = new Float32Array(SIDE * SIDE);
    for (var i = 0; i < x.length; i++) x[i] = pixels[i] / 255;
    x = pool(convolve(x, SIDE, 1, arrays[0], arrays[1].values), SIDE, arrays[1].shape[0]);
    x = convolve(x, SIDE / 2, arrays[1].shape[0], arrays[2], arrays[3].values);
    x = dense(x, arrays[4].values, arrays[5].values);
    for (i = 0; i < x.length; i++) x[i] = Math.max(0, x[i]);
    return softmax(dense(x, arrays[6].values, arrays[7].values));
  }

  /** A 3 x 3 convolution with zeros around the picture, and ReLU; channels last. */
  function convolve(x, side, channels, kernel, bias) {
    var maps = bias.length, weights = kernel.values, y = new Float32Array(side * side * maps);
    for (var row = 0; row < side; row++) {
      for (var column = 0; column < side; column++) {
        var to = (row * side + column) * maps;
        for (var m = 0; m < maps; m++) y[to + m] = bias[m];
        for (var r = Math.max(0, 1 - row); r < Math.min(3, side + 1 - row); r++) {
          for (var c = Math.max(0, 1 - column); c < Math.min(3, side + 1 - column); c++) {
            var from = ((row + r - 1) * side + column + c - 1) * channels;
            for (var k = 0; k < channels; k++) {
              var value = x[from + k];
              if (value === 0) continue; // most of a digit's picture is black
              var w = ((r * 3 + c) * channels + k) * maps;
              for (m = 0; m < maps; m++) y[to + m] += value * weights[w + m];
            }
          }
        }
        for (m = 0; m < maps; m++) if (y[to + m] < 0) y[to + m] = 0;
      }
    }
    return y;
  }

  function pool(x, side, maps) {
    var half = side / 2, y = new Float32Array(half * half * maps);
    for (var row = 0; row < half; row++) {
      for (var column = 0; column < half; column++) {
        for (var m = 0; m < maps; m++) {
          var at = (2 * row * side + 2 * column) * maps + m, below = at + side * maps;
          y[(row * half + column) * maps + m] = Math.max(x[at], x[at + maps], x[below], x[below + maps]);
        }
      }
    }
    return y;
  }

  function dense(x, weights, bias) {
    var units = bias.length, y = Float64Array.from(bias);
    for (var i = 0; i < x.length; i++) {
      if (x[i] === 0) continue;
      for (var u = 0; u < units; u++) y[u] += x[i] * weights[i * units + u];
    }
    return y;
  }

  function softmax(x) {
    var most = Math.max.apply(null, x), y = Array.from(x, function (v) { return Math.exp(v - most); });
    var sum = y.reduce(function (a, b) { return a + b; }, 0);
    return y.map(function (v) { return v / sum; });
  }

  // The ink: a plane of WIDE x WIDE values from 0 to 1, of which the networks see the middle

  function blank() { return new Float32Array(WIDE * WIDE); }

  /** Draw a stroke between two points [x, y] of the plane, with soft edges. */
  function stroke(ink, a, b) {
    var reach = PEN + 1, dx = b[0] - a[0], dy = b[1] - a[1], length = dx * dx + dy * dy;
    var top = Math.max(0, Math.floor(Math.min(a[1], b[1]) - reach));
    var bottom = Math.min(WIDE - 1, Math.ceil(Math.max(a[1], b[1]) + reach));
    var left = Math.max(0, Math.floor(Math.min(a[0], b[0]) - reach));
    var right = Math.min(WIDE - 1, Math.ceil(Math.max(a[0], b[0]) + reach));
    for (var y = top; y <= bottom; y++) {
      for (var x = left; x <= right; x++) {
        var px = x + 0.5 - a[0], py = y + 0.5 - a[1];
        var along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        var away = Math.sqrt(Math.pow(px - along * dx, 2) + Math.pow(py - along * dy, 2));
        var value = Math.min(1, Math.max(0, PEN + 0.5 - away));
        if (value > ink[y * WIDE + x]) ink[y * WIDE + x] = value;
      }
    }
  }

  /** What a network sees, 784 whole values from 0 to 255, of ink that was moved by whole pixels. */
  function seen(ink, right, down) {
    var pixels = new Uint8Array(SIDE * SIDE);
    for (var y = 0; y < SIDE; y++) {
      for (var x = 0; x < SIDE; x++) {
        var row = y - down + ROOM, column = x - right + ROOM;
        if (row < 0 || column < 0 || row >= WIDE || column >= WIDE) continue;
        pixels[y * SIDE + x] = Math.round(255 * ink[row * WIDE + column]);
      }
    }
    return pixels;
  }

  /** The strokes (lists of points) resized as MNIST's digits were, into a frame of 20 x 20. */
  function fitted(strokes) {
    var xs = [], ys = [];
    strokes.forEach(function (line) { line.forEach(function (p) { xs.push(p[0]); ys.push(p[1]); }); });
    var left = Math.min.apply(null, xs), top = Math.min.apply(null, ys);
    var wide = Math.max.apply(null, xs) - left, high = Math.max.apply(null, ys) - top;
    // A dot stays a dot.
    var scale = (BOX - 2 * PEN) / Math.max(wide, high, 4);
    return strokes.map(function (line) {
      return line.map(function (p) {
        return [WIDE / 2 + (p[0] - left - wide / 2) * scale, WIDE / 2 + (p[1] - top - high / 2) * scale];
      });
    });
  }

  /** Whole pixels [right, down] that bring the ink's centre of mass into the middle. */
  function offCentre(ink) {
    var mass = 0, x = 0, y = 0;
    for (var i = 0; i < ink.length; i++) {
      mass += ink[i];
      x += ink[i] * ((i % WIDE) + 0.5);
      y += ink[i] * (Math.floor(i / WIDE) + 0.5);
    }
    return mass ? [Math.round(WIDE / 2 - x / mass), Math.round(WIDE / 2 - y / mass)] : [0, 0];
  }

  var arithmetic = {
    float16: float16, network: network, forward: forward, blank: blank, stroke: stroke, seen: seen,
    fitted: fitted, offCentre: offCentre, unpack: unpack, WIDE: WIDE, ROOM: ROOM
  };
  if (typeof module !== "undefined") module.exports = arithmetic;
  if (typeof document === "undefined") return;

  // The page

  var NETWORKS = [["in_place", "Trained in place"], ["with_shifts", "Trained with shifts"]];
  var source = document.currentScript && document.currentScript.src;

  function element(kind, attributes, children) {
    var made = document.createElement(kind);
    Object.keys(attributes || {}).forEach(function (name) { made.setAttribute(name, attributes[name]); });
    (children || []).forEach(function (child) {
      made.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
    });
    return made;
  }

  function button(label, words, act) {
    var made = element("button", { type: "button", title: words, "aria-label": words }, [label]);
    made.addEventListener("click", act);
    return made;
  }

  function build(root, kept) {
    var canvas = element("canvas", {
      width: 560, height: 560, tabindex: 0, role: "img",
      "aria-label": "The digit, 28 by 28 pixels. The arrow keys move it."
    });
    var context = canvas.getContext && canvas.getContext("2d");
    if (!context) return; // the picture stays
    var networks = NETWORKS.map(function (one) { return network(kept, one[0]); });
    var examples = unpack(kept.examples);
    var ink, strokes, right, down, shown, drawing = false, held = null, waiting = false, later = 0;

    var answers = NETWORKS.map(function (one) {
      var verdict = element("span", { "class": "digits-verdict" });
      var bars = [];
      var columns = Array.from({ length: 10 }, function (_, digit) {
        bars.push(element("i"));
        return element("span", {}, [element("b", {}, [bars[digit]]), String(digit)]);
      });
      var box = element("div", { "class": "digits-answer digits-" + one[0] }, [
        element("p", {}, [one[1] + ": ", verdict]),
        element("div", { "class": "digits-bars", "aria-hidden": "true" }, columns)
      ]);
      return { box: box, verdict: verdict, bars: bars };
    });
    var status = element("p", { "class": "digits-status", role: "status" });
    var draws = button("Draw", "Draw with the mouse or a finger", function () { mode(true); });
    var moves = button("Move", "Drag the digit with the mouse or a finger", function () { mode(false); });

    function mode(draw) {
      // Who wants to draw has no use for a digit that somebody else wrote.
      if (draw && shown !== null) clear();
      drawing = draw;
      draws.setAttribute("aria-pressed", String(draw));
      moves.setAttribute("aria-pressed", String(!draw));
      canvas.style.cursor = draw ? "crosshair" : "move";
    }
    function clear() {
      ink = blank();
      strokes = [];
      right = down = 0;
      shown = null;
      answer();
    }
    function example(digit) {
      clear();
      for (var i = 0; i < SIDE * SIDE; i++) {
        var at = (Math.floor(i / SIDE) + ROOM) * WIDE + (i % SIDE) + ROOM;
        ink[at] = examples[digit * SIDE * SIDE + i] / 255;
      }
      shown = digit;
      mode(false);
      answer();
    }
    function centre() {
      if (shown === null && strokes.length) {
        strokes = fitted(strokes);
        ink = blank();
        strokes.forEach(function (line) {
          line.forEach(function (point, i) { stroke(ink, line[Math.max(0, i - 1)], point); });
        });
      }
      var home = shown === null ? offCentre(ink) : [0, 0];
      right = home[0];
      down = home[1];
      answer();
    }
    function move(x, y) {
      right = Math.max(-ROOM, Math.min(ROOM, right + x));
      down = Math.max(-ROOM, Math.min(ROOM, down + y));
      answer();
    }

    /** Both networks' answers; once a frame, however many events come. */
    function answer() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(function () {
        waiting = false;
        var start = performance.now(), pixels = seen(ink, right, down);
        var empty = !pixels.some(Boolean);
        paint(pixels);
        var told = networks.map(function (one, i) {
          var shares = forward(one, pixels), best = shares.indexOf(Math.max.apply(null, shares));
          answers[i].bars.forEach(function (bar, digit) {
            bar.style.height = empty ? "0" : 100 * shares[digit] + "%";
          });
          var lost = shown !== null && best !== shown ? " (lost)" : "";
          answers[i].verdict.textContent =
            empty ? "no digit yet" : best + ", " + Math.round(100 * shares[best]) + " %" + lost;
          return best;
        });
        root.setAttribute("data-milliseconds", (performance.now() - start).toFixed(1));
        clearTimeout(later);
        later = setTimeout(function () { status.textContent = empty ? "" : sentence(told); }, 250);
      });
    }
    function sentence(told) {
      var where = [[right, "right", "left"], [down, "down", "up"]].filter(function (one) { return one[0]; })
        .map(function (one) { return Math.abs(one[0]) + " " + (one[0] > 0 ? one[1] : one[2]); });
      var moved = where.length ? "Moved by " + where.join(" and ") + ": " : shown === null ? "" : "In place: ";
      if (told[0] === told[1]) {
        var both = shown === null || told[0] === shown ? "both say " : "both are lost, and say ";
        return moved + both + told[0] + ".";
      }
      return moved + "trained in place it says " + told[0] + ", trained with shifts " + told[1] + "." +
        (told[0] !== shown && told[1] === shown ? " One of them has lost the " + shown + "." : "");
    }
    function paint(pixels) {
      var size = canvas.width / SIDE, frame = (SIDE - BOX) / 2 * size;
      context.fillStyle = "#000";
      context.fillRect(0, 0, canvas.width, canvas.height);
      for (var i = 0; i < pixels.length; i++) {
        if (!pixels[i]) continue;
        context.fillStyle = "rgb(" + pixels[i] + "," + pixels[i] + "," + pixels[i] + ")";
        context.fillRect((i % SIDE) * size, Math.floor(i / SIDE) * size, size, size);
      }
      context.strokeStyle = "#7a8a99";
      context.setLineDash([10, 10]);
      context.lineWidth = 2;
      context.strokeRect(frame, frame, BOX * size, BOX * size);
    }

    // Mouse and touch by themselves: an old Safari has no pointer events.
    function place(event) {
      var box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE];
    }
    function onPlane(at) { return [at[0] - right + ROOM, at[1] - down + ROOM]; }
    function press(at) {
      held = { at: at, right: right, down: down };
      if (drawing) {
        strokes.push([onPlane(at)]);
        drag(at);
      }
    }
    function drag(at) {
      if (!held) return;
      if (drawing) {
        var line = strokes[strokes.length - 1];
        stroke(ink, line[line.length - 1], onPlane(at));
        line.push(onPlane(at));
        answer();
      } else {
        right = held.right;
        down = held.down;
        move(Math.round(at[0] - held.at[0]), Math.round(at[1] - held.at[1]));
      }
    }
    function release() { held = null; }
    canvas.addEventListener("mousedown", function (event) {
      if (event.button === 0) press(place(event));
    });
    window.addEventListener("mousemove", function (event) { drag(place(event)); });
    window.addEventListener("mouseup", release);
    ["touchstart", "touchmove"].forEach(function (kind) {
      canvas.addEventListener(kind, function (event) {
        event.preventDefault(); // neither scroll the page nor send mouse events after it
        (kind === "touchstart" ? press : drag)(place(event.touches[0]));
      }, { passive: false });
    });
    canvas.addEventListener("touchend", release);
    canvas.addEventListener("touchcancel", release);
    canvas.addEventListener("keydown", function (event) {
      var step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      move(step[0], step[1]);
    });

    var arrows = [["←", "left", -1, 0], ["↑", "up", 0, -1], ["↓", "down", 0, 1], ["→", "right", 1, 0]];
    var digits = Array.from({ length: 10 }, function (_, digit) {
      return button(String(digit), "Take a " + digit + " from MNIST", function () { example(digit); });
    });
    var widget = element("div", { "class": "digits-widget" }, [
      element("div", { "class": "digits-left" }, [
        canvas,
        element("div", { "class": "digits-buttons" }, [
          draws, moves,
          button("Clear", "Clear the canvas", function () { clear(); mode(true); }),
          button("Centre", "Size and centre it as MNIST's digits are", centre)
        ].concat(arrows.map(function (one) {
          return button(one[0], "Move the digit one pixel " + one[1], function () { move(one[2], one[3]); });
        })))
      ]),
      element("div", { "class": "digits-right" }, [
        answers[0].box, answers[1].box, status,
        element("div", { "class": "digits-buttons digits-examples" }, ["Or take a\u00a0 "].concat(digits))
      ])
    ]);
    example(5);
    root.appendChild(widget);
    root.classList.add("digits-live");
  }

  /** The weights come after the page has been painted, and once for all of a page's canvases. */
  function start() {
    var roots = document.querySelectorAll(".digits");
    if (!roots.length) return;
    var script = element("script", { src: source.replace(/digits\.js/, "digits_weights.js") });
    script.onload = function () {
      Array.prototype.forEach.call(roots, function (root) { build(root, window.courseDigits); });
    };
    document.head.appendChild(script);
  }
  if (document.readyState === "complete") start();
  else window.addEventListener("load", function () { setTimeout(start, 0); });
})();
