/* On every page: a button that copies a block of code, and what a search says that was opened from a file. */
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
