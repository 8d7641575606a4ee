/* On every page: a button that copies a block of code, sliders that need no kernel, and what a search says that was
   opened from a file. */
(function () {
  "use strict";

  function copy(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // Older browsers, and pages opened from a file in some.
    var area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.appendChild(area);
    area.select();
    var done = document.execCommand("copy");
    document.body.removeChild(area);
    return done ? Promise.resolve() : Promise.reject(new Error("not copied"));
  }

  Array.prototype.forEach.call(document.querySelectorAll("article div.highlight"), function (block) {
    // What a cell printed is no code.
    if (block.closest(".cell_output")) return;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy-code";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this code");
    button.addEventListener("click", function () {
      copy(block.querySelector("pre").textContent).then(
        function () { button.textContent = "Copied"; },
        function () { button.textContent = "Not copied"; }
      );
      setTimeout(function () { button.textContent = "Copy"; }, 2000);
    });
    block.appendChild(button);
  });

  // A figure whose others were kept with it gets a slider; without this script, and on paper, it stands still.
  Array.prototype.forEach.call(document.querySelectorAll(".slider[data-slider]"), function (place) {
    var cell = place.closest(".cell_output"), images = cell ? cell.querySelectorAll("img") : [];
    var image = Array.prototype.filter.call(images, function (one) {
      return one.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING;
    }).pop();
    if (!image) return;
    var given = JSON.parse(place.getAttribute("data-slider"));
    var first = [image.getAttribute("src"), image.alt], told = document.createElement("output");
    var label = document.createElement("label"), input = document.createElement("input");
    input.type = "range";
    input.min = 0;
    input.max = given.names.length - 1;
    input.step = 1;
    input.value = given.start;
    label.appendChild(document.createElement("span")).textContent = given.label;
    label.appendChild(input);
    place.appendChild(label);
    place.appendChild(told);
    function show(index) {
      var picture = index === given.start ? first : given.figures[index];
      image.src = picture[0];
      image.alt = picture[1];
      if (image.parentNode.href) image.parentNode.href = picture[0];
      told.textContent = given.names[index];
      input.setAttribute("aria-valuetext", given.names[index]);
    }
    told.textContent = given.names[given.start];
    input.setAttribute("aria-valuetext", given.names[given.start]);
    input.addEventListener("input", function () { show(+input.value); });
    function load() {
      // From now on the hand does not wait for a figure.
      given.figures.forEach(function (figure) { new Image().src = figure[0]; });
      input.removeEventListener("pointerdown", load);
      input.removeEventListener("focus", load);
    }
    input.addEventListener("pointerdown", load);
    input.addEventListener("focus", load);
    window.addEventListener("beforeprint", function () { show(given.start); });
    window.addEventListener("afterprint", function () { show(+input.value); });
  });

  // On paper nothing is folded: there is no way to open it.
  window.addEventListener("beforeprint", function () {
    Array.prototype.forEach.call(document.querySelectorAll("article details:not([open])"), function (folded) {
      folded.setAttribute("data-was-folded", "");
      folded.setAttribute("open", "");
    });
  });
  window.addEventListener("afterprint", function () {
    Array.prototype.forEach.call(document.querySelectorAll("details[data-was-folded]"), function (folded) {
      folded.removeAttribute("data-was-folded");
      folded.removeAttribute("open");
    });
  });

  var results = document.getElementById("search-results");
  if (results && location.protocol === "file:") {
    // A browser lets no page read another file, and each result would raise an error.
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    var note = document.createElement("p");
    note.className = "search-note";
    note.textContent = "Opened from a file, the search finds pages and shows no excerpts, since browsers do " +
      "not let a page read other files. With excerpts: run “python3 -m http.server -d build/site” in the " +
      "course’s folder and open http://localhost:8000.";
    results.parentNode.insertBefore(note, results);
  }
})();
