/* Is it better? Two columns of figures, pair by pair: difference, interval, tests, verdict, seeds needed.

The arithmetic of `course_utils.evidence.compare` and `seeds_needed`, in a classic script without anything
foreign, so that it works from a file; the tests hold both to each other. The page's part comes last. */
(function () {
  "use strict";

  var FEWEST = 5; // pairs for a verdict
  var MOST_SEEDS = 4096; // beyond, the number of seeds is no longer worked out
  var EXACT = 16; // up to so many pairs all signs are tried
  var DRAWS = 65536;

  // Distributions

  function logGamma(x) {
    // Lanczos's approximation with g = 607/128 and 15 terms.
    var terms = [57.1562356658629235, -59.5979603554754912, 14.1360979747417471, -0.491913816097620199,
      0.339946499848118887e-4, 0.465236289270485756e-4, -0.983744753048795646e-4, 0.158088703224912494e-3,
      -0.210264441724104883e-3, 0.217439618115212643e-3, -0.164318106536763890e-3, 0.844182239838527433e-4,
      -0.261908384015814087e-4, 0.368991826595316234e-5];
    var sum = 0.999999999999997092;
    for (var i = 0; i < terms.length; i++) sum += terms[i] / (x + 1 + i);
    var t = x + 5.2421875;
    return (x + 0.5) * Math.log(t) - t + Math.log(2.5066282746310005 * sum / x);
  }

  /** The regularised incomplete beta function, by Lentz's continued fraction. */
  function beta(x, a, b) {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - beta(1 - x, b, a);
    var front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
    var c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), sum = d;
    for (var m = 1; m < 1000; m++) {
      var term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
      d = 1 / (1 + term * d);
      c = 1 + term / c;
      sum *= d * c;
      term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
      d = 1 / (1 + term * d);
      c = 1 + term / c;
      sum *= d * c;
      if (Math.abs(d * c - 1) < 1e-16) break;
    }
    return front * sum / a;
  }

  /** The share of the gamma distribution with shape a that lies below x. */
  function gammaBelow(a, x) {
    if (x <= 0) return 0;
    var front = Math.exp(a * Math.log(x) - x - logGamma(a));
    if (x < a + 1) {
      var term = 1 / a, sum = term;
      for (var n = 1; Math.abs(term) > 1e-17 * sum; n++) sum += term *= x / (a + n);
      return front * sum;
    }
    return 1 - front * upper(a, x);
  }

  function upper(a, x) {
    var b = x + 1 - a, c = 1e300, d = 1 / b, sum = d;
    for (var i = 1; i < 10000; i++) {
      b += 2;
      d = 1 / (b - i * (i - a) * d);
      c = b - i * (i - a) / c;
      sum *= d * c;
      if (Math.abs(d * c - 1) < 1e-16) break;
    }
    return sum;
  }

  /** What the gamma distribution with shape a exceeds with probability 1 - share; Halley's method. */
  function gammaQuantile(share, a) {
    var x, log = logGamma(a);
    if (a > 1) {
      var z = normalQuantile(share); // Wilson and Hilferty's start
      x = Math.max(1e-3, a * Math.pow(1 - 1 / (9 * a) + z / (3 * Math.sqrt(a)), 3));
    } else {
      var t = 1 - a * (0.253 + a * 0.12);
      x = share < t ? Math.pow(share / t, 1 / a) : 1 - Math.log(1 - (share - t) / (1 - t));
    }
    for (var i = 0; i < 30; i++) {
      var density = Math.exp((a - 1) * Math.log(x) - x - log);
      var off = (gammaBelow(a, x) - share) / density;
      var step = off / (1 - 0.5 * Math.min(1, off * ((a - 1) / x - 1)));
      x = step < x ? x - step : x / 2;
      if (Math.abs(step) < 1e-13 * x) break;
    }
    return x;
  }

  /** The share of the normal distribution that lies above x. */
  function normalAbove(x) {
    if (x < 0) return 1 - normalAbove(-x);
    var half = x * x / 2; // the error function is the incomplete gamma function of a half
    if (half < 1.5) return (1 - gammaBelow(0.5, half)) / 2;
    return Math.exp(-half) * Math.sqrt(half / Math.PI) * upper(0.5, half) / 2;
  }

  /** A start for other searches, good to three digits (Abramowitz and Stegun 26.2.23). */
  function normalQuantile(share) {
    var t = Math.sqrt(-2 * Math.log(share < 0.5 ? share : 1 - share));
    var z = t - (2.30753 + t * 0.27061) / (1 + t * (0.99229 + t * 0.04481));
    return share < 0.5 ? -z : z;
  }

  /** Two-sided p value of Student's t. */
  function studentP(t, freedom) { return beta(freedom / (freedom + t * t), freedom / 2, 0.5); }

  /** The t that 2.5 % exceed. */
  function studentEdge(freedom) {
    var low = 0, high = 16;
    while (studentP(high, freedom) > 0.05) high *= 2;
    for (var i = 0; i < 100; i++) {
      var middle = (low + high) / 2;
      if (studentP(middle, freedom) > 0.05) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  // The comparison

  function mean(values) { return values.reduce(function (a, b) { return a + b; }, 0) / values.length; }

  /** Two lists of equal length, before and after, compared pair by pair; NaN where there is no spread. */
  function compare(before, after, higherIsBetter) {
    var n = before.length, differences = after.map(function (value, i) { return value - before[i]; });
    var middle = mean(differences);
    var found = {
      n: n, mean: middle, low: middle, high: middle, p: NaN, pExact: NaN, s: NaN, differences: differences
    };
    var equal = differences.every(function (d) {
      return Math.abs(d - middle) <= 1e-12 + 1e-9 * Math.abs(middle);
    });
    if (!equal) {
      var squares = differences.reduce(function (sum, d) { return sum + Math.pow(d - middle, 2); }, 0);
      found.s = Math.sqrt(squares / (n - 1));
      var error = found.s / Math.sqrt(n), half = studentEdge(n - 1) * error;
      found.low = middle - half;
      found.high = middle + half;
      found.p = studentP(middle / error, n - 1);
      found.pExact = signFlips(differences);
    }
    if (n < FEWEST) found.verdict = "too few seeds for a verdict";
    else if (equal || !(found.p < 0.05)) found.verdict = "no detectable difference";
    else found.verdict = (middle > 0) === higherIsBetter ? "helps" : "hurts";
    return found;
  }

  /** How often the mean would be as far from zero if each sign were a coin's; two-sided. */
  function signFlips(differences) {
    var n = differences.length, exact = n <= EXACT, count = exact ? Math.pow(2, n) : DRAWS;
    var size = differences.reduce(function (sum, d) { return sum + Math.abs(d); }, 0);
    var own = differences.reduce(function (a, b) { return a + b; }, 0), slack = 1e-13 * size;
    var below = 0, above = 0, next = random(1);
    for (var flips = 0; flips < count; flips++) {
      var sum = 0;
      for (var i = 0; i < n; i++) {
        sum += (exact ? flips & (1 << i) : next() < 0.5) ? differences[i] : -differences[i];
      }
      if (sum <= own + slack) below++;
      if (sum >= own - slack) above++;
    }
    var more = exact ? 0 : 1; // the data themselves are one of the draws
    return Math.min(1, 2 * (Math.min(below, above) + more) / (count + more));
  }

  /** Marsaglia's xorshift, so that the same columns get the same answer. */
  function random(state) {
    return function () {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 4294967296;
    };
  }

  /** How many pairs find a true mean difference at the 5 % level in four cases of five. */
  function seedsNeeded(difference, s) {
    function found(n) {
      // The noncentral t, averaged over 2,000 quantiles of the spread that a sample may show.
      var shift = Math.abs(difference) / s * Math.sqrt(n), edge = studentEdge(n - 1), sum = 0;
      for (var i = 0; i < 2000; i++) {
        var spread = Math.sqrt(2 * gammaQuantile((i + 0.5) / 2000, (n - 1) / 2) / (n - 1));
        sum += normalAbove(edge * spread - shift) + normalAbove(edge * spread + shift);
      }
      return sum / 2000;
    }
    var high = 2;
    while (found(high) < 0.8) {
      high *= 2;
      if (high > MOST_SEEDS) return Infinity;
    }
    var low = Math.floor(high / 2);
    while (high - low > 1) {
      var middle = Math.floor((low + high) / 2);
      if (found(middle) >= 0.8) high = middle;
      else low = middle;
    }
    return high;
  }

  // What was pasted

  /** {before, after} of a text with a pair a line; throws an Error that says in a sentence what is wrong. */
  function parse(text) {
    var before = [], after = [], started = false;
    text.split(/\r\n|\r|\n/).forEach(function (line, i) {
      var where = "Line " + (i + 1);
      // A spreadsheet pastes tabs. A comma followed by a digit may be a decimal comma, unless the line
      // has no other separator.
      var parts = line.replace(/%/g, " ").trim().split(/\s*[\t;]\s*|\s*,\s+|\s+/).filter(Boolean);
      if (parts.length === 1) parts = parts[0].split(",").filter(Boolean);
      if (!parts.length) return;
      var numbers = parts.map(number);
      if (!started && parts.length > 1 && numbers.every(isNaN)) {
        started = true; // the columns' names
        return;
      }
      started = true;
      var wrong = numbers.findIndex(isNaN);
      if (wrong >= 0) throw new Error(where + ": “" + parts[wrong] + "” is no number.");
      if (parts.length !== 2) {
        throw new Error(where + " has " + (parts.length === 1 ? "one figure" : parts.length + " figures") +
          "; a pair needs two, before and after.");
      }
      before.push(numbers[0]);
      after.push(numbers[1]);
    });
    if (before.length < 2) {
      throw new Error((before.length ? "One pair" : "No pair yet") + "; a comparison needs two or more, and " +
        "five for a verdict.");
    }
    return { before: before, after: after };
  }

  function number(word) {
    word = word.replace(",", ".").replace("\u2212", "-");
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) ? Number(word) : NaN;
  }

  var arithmetic = {
    compare: compare, seedsNeeded: seedsNeeded, parse: parse, studentP: studentP, studentEdge: studentEdge,
    sentences: sentences
  };
  if (typeof module !== "undefined") module.exports = arithmetic;

  // The answer in words

  /** {verdict, lines} of what `parse` gave; `matters` is a difference in points or NaN. */
  function sentences(pairs, higherIsBetter, matters) {
    var fractions = pairs.before.concat(pairs.after).every(function (v) { return v >= 0 && v <= 1; });
    var points = higherIsBetter, scale = points && fractions ? 100 : 1, digits = points ? 2 : 4;
    var unit = points ? " points" : "";
    function signed(value) {
      var text = (scale * value).toFixed(digits);
      return (Number(text) < 0 ? "\u2212" + text.slice(1) : "+" + text.replace("-", ""));
    }
    var found = compare(pairs.before, pairs.after, higherIsBetter), lines = [];
    if (isNaN(found.p)) {
      lines.push("All " + found.n + " differences are equal, " + signed(found.mean) + unit +
        ": their spread could not be estimated, so there is no interval.");
      return { found: found, scale: scale, unit: unit, signed: signed, lines: lines };
    }
    lines.push("Mean difference " + signed(found.mean) + unit + ", 95 % interval " + signed(found.low) + " to " +
      signed(found.high) + ", " + found.n + " pairs.");
    lines.push("Student’s paired t test: p = " + small(found.p) + ". " + (found.n <= EXACT ?
      "Exact sign-flip test over all " + grouped(Math.pow(2, found.n)) + " signs: p = " :
      "Sign-flip test over " + grouped(DRAWS) + " random signs: p = ") + small(found.pExact) + ".");
    var asked = matters > 0, difference = asked ? matters / scale : found.mean;
    if (difference !== 0) {
      var seeds = seedsNeeded(difference, found.s), left = seeds - found.n;
      lines.push((asked ? "To find a true difference of " + signed(difference).slice(1) + unit :
        "If the true difference is the one measured, to find it") + " four times out of five takes " +
        (seeds === Infinity ? "more than " + grouped(MOST_SEEDS) + " pairs." : grouped(seeds) + " pairs: " +
          (left > 0 ? grouped(left) + " more than you have." : "you have enough.")));
    }
    return { found: found, scale: scale, unit: unit, signed: signed, lines: lines };
  }

  function small(p) { return p < 0.0001 ? p.toExponential(1).replace("-", "\u2212") : p.toFixed(4); }

  function grouped(count) { return String(count).replace(/\B(?=(\d{3})+$)/g, ","); }

  if (typeof document === "undefined") return;

  // The page

  function svg(kind, attributes) {
    var made = document.createElementNS("http://www.w3.org/2000/svg", kind);
    Object.keys(attributes).forEach(function (name) { made.setAttribute(name, attributes[name]); });
    return made;
  }

  /** The differences as dots above the interval, with zero marked; in per cent of the width. */
  function plot(place, found) {
    var all = found.differences.concat([found.low, found.high, 0]);
    var low = Math.min.apply(null, all), wide = Math.max.apply(null, all) - low || 1;
    function at(value) { return 3 + 94 * (value - low) / wide + "%"; }
    place.textContent = "";
    var drawn = svg("svg", { width: "100%", height: 68, "aria-hidden": "true" });
    drawn.appendChild(svg("line", { x1: at(0), x2: at(0), y1: 0, y2: 52, "class": "forest-zero" }));
    drawn.appendChild(svg("text", { x: at(0), y: 66, "text-anchor": "middle" })).textContent = "0";
    found.differences.forEach(function (d) {
      drawn.appendChild(svg("circle", { cx: at(d), cy: 16, r: 5, "class": "forest-run" }));
    });
    drawn.appendChild(svg("line", { x1: at(found.low), x2: at(found.high), y1: 40, y2: 40 }));
    drawn.appendChild(svg("circle", { cx: at(found.mean), cy: 40, r: 6, "class": "forest-mean" }));
    place.appendChild(drawn);
  }

  function start() {
    var form = document.getElementById("better");
    if (!form) return;
    var text = form.querySelector("textarea"), lower = form.querySelector("[name=lower]");
    var matters = form.querySelector("[name=matters]"), answer = form.querySelector("[role=status]");
    var place = form.querySelector(".forest-track"), later = 0;
    function update() {
      var lines, verdict = "", kind = "";
      try {
        var said = sentences(parse(text.value), !lower.checked, Number(matters.value.replace(",", ".")));
        lines = said.lines;
        verdict = said.found.verdict;
        kind = { helps: "forest-helps", hurts: "forest-hurts" }[verdict] || "";
        plot(place, said.found);
      } catch (error) {
        lines = [error.message];
        place.textContent = "";
      }
      place.className = "forest-track " + kind;
      answer.textContent = "";
      if (verdict) {
        var word = document.createElement("strong");
        word.textContent = verdict[0].toUpperCase() + verdict.slice(1);
        answer.appendChild(word);
      }
      lines.forEach(function (line) {
        var part = document.createElement("p");
        part.textContent = line;
        answer.appendChild(part);
      });
    }
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("input", function () {
      clearTimeout(later);
      later = setTimeout(update, 150);
    });
    form.hidden = false;
    update();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
