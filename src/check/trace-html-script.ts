/**
 * What the page of trace-html.ts does: draws lanes and arrows, shows the chosen event, moves by keys, hides what is not wanted. Plain
 * JavaScript for any browser, as text. Names and messages become text nodes only; the drawing is made of numbers.
 */
export const pageScript = String.raw`"use strict";
(function () {
  var trace = JSON.parse(document.getElementById("trace").textContent);
  var steps = trace.steps, ways = trace.ways, nodes = trace.nodes, last = steps.length - 1;
  var rowHeight = 24, gutter = 52, loopRoom = trace.circleFrom === undefined ? 0 : 22;
  var element = function (id) { return document.getElementById(id); };
  var list = element("steps"), scroller = element("scroller"), sheet = element("sheet"), diagram = element("diagram"), lanes = element("lanes"), details = element("details");
  var rows = Array.prototype.slice.call(list.children);
  var texts = null;
  var hidden = {}, needle = "", causesOf = -1, chosen = -1;
  var visible = [], place = [], x = [], clientX = 0, shownNodes = [], drawnFrom = 0, drawnTo = 0, hasClients = trace.clients.length > 0;

  // By step, the messages that it sent and the one that it consumed.
  var sent = steps.map(function () { return []; }), consumed = [];
  ways.forEach(function (way, index) {
    sent[way.sentAt].push(index);
    if (way.consumedAt !== undefined) consumed[way.consumedAt] = index;
  });

  // ---- which events are shown

  // Every step that the given one could depend on: those before it on its node, its sender's, and what its client was told before.
  function past(step) {
    var before = [], lastOn = {}, lastOf = {};
    steps.forEach(function (each, at) {
      var direct = [];
      if (each.node >= 0) direct.push(lastOn[each.node] === undefined ? 0 : lastOn[each.node]);
      if (each.sentBy !== undefined) direct.push(each.sentBy);
      if (each.client !== undefined && lastOf["c" + each.client] !== undefined) direct.push(lastOf["c" + each.client]);
      before.push(direct);
      if (each.node >= 0) lastOn[each.node] = at;
      each.answered.forEach(function (answer) { lastOf["c" + answer.client] = at; });
    });
    var found = {}, open = [step];
    found[step] = true;
    while (open.length > 0) before[open.pop()].forEach(function (cause) { if (!found[cause]) { found[cause] = true; open.push(cause); } });
    return found;
  }

  function arrange() {
    var causes = causesOf < 0 ? null : past(causesOf);
    if (needle !== "" && texts === null) texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
    visible = [];
    place = [];
    rows.forEach(function (row, at) {
      var isShown = !hidden[steps[at].node] && (causes === null || causes[at] === true) && (needle === "" || texts[at].indexOf(needle) >= 0);
      if (row.hidden === isShown) row.hidden = !isShown;
      if (!isShown) return;
      place[at] = visible.length * rowHeight + rowHeight / 2;
      visible.push(at);
    });
    var shown = nodes.map(function (_, node) { return node; }).filter(function (node) { return !hidden[node]; });
    var columns = shown.length + (hasClients ? 1 : 0);
    var width = Math.max(24, Math.min(84, Math.floor(480 / Math.max(1, columns))));
    var left = gutter + loopRoom + width / 2;
    clientX = left;
    x = [];
    shown.forEach(function (node, index) { x[node] = left + (index + (hasClients ? 1 : 0)) * width; });
    var total = gutter + loopRoom + columns * width;
    document.documentElement.style.setProperty("--lanes", total + "px");
    drawLanes(shown, width);
    diagram.setAttribute("width", total);
    diagram.setAttribute("height", visible.length * rowHeight);
    shownNodes = shown;
    drawnFrom = drawnTo = 0;
    draw();
    element("none").hidden = visible.length > 0;
    element("all").hidden = shown.length === nodes.length;
  }

  // ---- the drawing

  function drawLanes(shown, width) {
    lanes.textContent = "";
    lanes.className = width < 56 ? "narrow" : "";
    var add = function (name, at, colour) {
      var span = document.createElement("span");
      span.textContent = name;
      span.title = name;
      span.className = colour;
      span.style.left = at + "px";
      if (width >= 56) span.style.width = width - 4 + "px";
      lanes.appendChild(span);
    };
    if (hasClients) add(trace.clients.length === 1 ? trace.clients[0] : "clients", clientX, "");
    shown.forEach(function (node) { add(nodes[node], x[node], colour(node)); });
  }

  function colour(node) {
    return "c" + (node % trace.colours);
  }

  function number(value) {
    return Math.round(value * 10) / 10;
  }

  function path(id, kind, shape) {
    return "<path" + (id === "" ? "" : ' id="' + id + '"') + ' class="' + kind + '" d="' + shape + '"/>';
  }

  function line(x1, y1, x2, y2) {
    return "M" + number(x1) + " " + number(y1) + "L" + number(x2) + " " + number(y2);
  }

  // A line whose head ends before the dot of its end, as one shape.
  function arrow(x1, y1, x2, y2, room) {
    var length = Math.hypot(x2 - x1, y2 - y1) || 1;
    var dx = (x2 - x1) / length, dy = (y2 - y1) / length;
    var ex = x2 - dx * room, ey = y2 - dy * room, bx = ex - dx * 8, by = ey - dy * 8;
    return line(x1, y1, bx, by) + line(ex, ey, bx - dy * 3.4, by + dx * 3.4) + "L" + number(bx + dy * 3.4) + " " + number(by - dx * 3.4) + "Z";
  }

  function cross(cx, cy, size) {
    return line(cx - size, cy - size, cx + size, cy + size) + line(cx - size, cy + size, cx + size, cy - size);
  }

  // Of a message whose other end is not shown, or is not in this trace, only the end that is there.
  function wayMarkup(way, index) {
    var y1 = place[way.sentAt], y2 = way.consumedAt === undefined ? undefined : place[way.consumedAt];
    if (y1 === undefined && y2 === undefined) return "";
    var id = "w" + index, own = colour(way.from), from = x[way.from], to = x[way.to];
    var aside = 22 * (way.to === way.from ? 0 : Math.sign(way.to - way.from)), down = 11;
    if (y1 !== undefined && y2 !== undefined && from !== undefined && to !== undefined) return path(id, "way " + own, arrow(from, y1, to, y2, 6));
    if (y1 !== undefined && from !== undefined) return path(id, "way under " + own, line(from, y1, from + aside, y1 + down)) + (way.isLost ? path("", "cross", cross(from + aside, y1 + down, 3)) : "");
    if (y2 !== undefined && to !== undefined) return path(id, "way under " + own, arrow(to - aside, y2 - down, to, y2, 6));
    return "";
  }

  function stepMarkup(at) {
    var step = steps[at], y = place[at];
    if (step.node < 0) return "";
    var here = x[step.node], shape = "";
    var isBoth = step.client !== undefined && step.answered.length > 0;
    if (step.client !== undefined) shape += arrow(clientX, y - (isBoth ? 3 : 0), here, y - (isBoth ? 3 : 0), 6);
    if (step.answered.length > 0) shape += arrow(here, y + (isBoth ? 4 : 0), clientX, y + (isBoth ? 4 : 0), 2);
    var markup = shape === "" ? "" : path("k" + at, "call", shape);
    if (step.isCrash) return markup + path("", "cross", cross(here, y, 6));
    var kind = step.from === undefined && step.client === undefined ? "dot inner " : "dot ";
    return markup + '<circle class="' + kind + (step.threw === undefined ? "" : "threw ") + colour(step.node) + '" cx="' + number(here) + '" cy="' + y + '" r="4.5"/>';
  }

  function loopMarkup() {
    if (loopRoom === 0) return "";
    var inside = visible.filter(function (at) { return at > trace.circleFrom; });
    if (inside.length === 0) return "";
    var top = place[inside[0]], bottom = place[inside[inside.length - 1]], a = gutter + 14, b = gutter + 4;
    if (top === bottom) { top -= 7; bottom += 7; }
    return '<path class="loop" d="M' + a + " " + bottom + "H" + (b + 5) + "Q" + b + " " + bottom + " " + b + " " + (bottom - 5) + "V" + (top + 5) + "Q" + b + " " + top + " " + (b + 5) + " " + top + "H" + (a - 4) + '"/>' +
      '<path class="loophead" d="M' + (a + 4) + " " + top + "l-8 -4.5v9Z" + '"/>';
  }

  // What is in sight and as much above and below: a long trace has more arrows than a browser draws at once.
  function draw() {
    var top = scroller.scrollTop, bottom = top + scroller.clientHeight, height = visible.length * rowHeight;
    if (drawnTo > 0 && (drawnFrom === 0 || top >= drawnFrom) && (drawnTo >= height || bottom <= drawnTo)) return;
    drawnFrom = Math.max(0, top - scroller.clientHeight);
    drawnTo = bottom + scroller.clientHeight;
    var markup = [];
    var begin = place[0] === undefined ? 0 : place[0];
    if (hasClients) markup.push(path("", "lane", line(clientX, 0, clientX, height)));
    shownNodes.forEach(function (node) { markup.push(path("", "lane " + colour(node), line(x[node], begin, x[node], height))); });
    if (place[0] !== undefined && shownNodes.length > 0) markup.push(path("", "birth", line(x[shownNodes[0]] - 8, begin, x[shownNodes[shownNodes.length - 1]] + 8, begin)));
    ways.forEach(function (way, index) {
      var y1 = place[way.sentAt], y2 = way.consumedAt === undefined ? undefined : place[way.consumedAt];
      if ((y1 === undefined ? y2 : y1) <= drawnTo && (y2 === undefined ? y1 + rowHeight : y2) >= drawnFrom) markup.push(wayMarkup(way, index));
    });
    var end = Math.min(visible.length, Math.ceil(drawnTo / rowHeight));
    for (var row = Math.floor(drawnFrom / rowHeight); row < end; row++) markup.push(stepMarkup(visible[row]));
    markup.push(loopMarkup());
    diagram.innerHTML = markup.join("");
    light(chosen, true);
  }

  function light(step, isOn) {
    if (step < 0) return;
    var ids = ["k" + step].concat(sent[step].map(function (way) { return "w" + way; }));
    if (consumed[step] !== undefined) ids.push("w" + consumed[step]);
    ids.forEach(function (id) { var shape = element(id); if (shape !== null) shape.classList.toggle("on", isOn); });
  }

  // ---- the chosen event

  function choose(step, scrolls) {
    if (rows[step] === undefined) return;
    if (rows[step].hidden) showAll();
    if (chosen >= 0) rows[chosen].setAttribute("aria-selected", "false");
    light(chosen, false);
    chosen = step;
    rows[step].setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", "s" + step);
    light(step, true);
    tell(step);
    if (scrolls) reveal(place[step]);
  }

  function reveal(y) {
    var top = y - rowHeight * 2.5, bottom = y + rowHeight * 2.5, room = scroller.clientHeight - lanes.offsetHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (bottom > scroller.scrollTop + room) scroller.scrollTop = bottom - room;
  }

  function showAll() {
    hidden = {};
    needle = "";
    causesOf = -1;
    element("find").value = "";
    element("causes").setAttribute("aria-pressed", "false");
    Array.prototype.forEach.call(document.querySelectorAll(".node"), function (button) { button.setAttribute("aria-pressed", "true"); });
    arrange();
  }

  function make(tag, className, text) {
    var made = document.createElement(tag);
    if (className !== "") made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function goTo(step) {
    var button = make("button", "go", "step " + step);
    button.type = "button";
    button.addEventListener("click", function () { choose(step, true); list.focus(); });
    return button;
  }

  function section(title, items) {
    if (items.length === 0) return;
    details.appendChild(make("h3", "", title));
    var ul = make("ul", "");
    items.forEach(function (parts) {
      var li = make("li", "");
      parts.forEach(function (part) { li.appendChild(typeof part === "string" ? document.createTextNode(part) : part); });
      ul.appendChild(li);
    });
    details.appendChild(ul);
  }

  // "a.b: 1 -> 2", "a.b: 1, new", "a.b: gone, was 1", "+ ...", "- ..."
  function change(text) {
    if (text.slice(0, 2) === "+ ") return [make("code", "is", text)];
    if (text.slice(0, 2) === "- ") return [make("code", "was", text)];
    var colon = text.indexOf(": "), arrowAt = text.indexOf(" -> ", colon);
    if (colon < 0) return [make("code", "", text)];
    var head = make("code", "", text.slice(0, colon + 2)), rest = text.slice(colon + 2);
    if (rest.slice(0, 10) === "gone, was ") return [head, make("code", "was", rest)];
    if (rest.slice(-5) === ", new") return [head, make("code", "is", rest)];
    if (arrowAt < 0) return [head, make("code", "", rest)];
    return [head, make("code", "was", text.slice(colon + 2, arrowAt)), make("code", "", " → "), make("code", "is", text.slice(arrowAt + 4))];
  }

  function box(className, text) {
    details.appendChild(make("div", "box " + className, text));
  }

  function tell(at) {
    var step = steps[at];
    details.textContent = "";
    var head = make("h2", step.node < 0 ? "" : colour(step.node), "Step " + at);
    if (step.node >= 0) {
      head.appendChild(document.createTextNode(" · "));
      head.appendChild(make("b", "", nodes[step.node]));
    }
    details.appendChild(head);
    var said = make("p", "");
    said.appendChild(make("code", "", step.what));
    details.appendChild(said);
    if (step.threw !== undefined) box("", "threw " + step.threw);
    if (step.isCrash) box("", "Its state is lost, and so is what was under way from it and to it.");
    if (at === trace.criticalAt) box("critical", "The critical transition: after it the property could not come true any more.");
    if (trace.circleFrom !== undefined && at === last) box("circle", "Everything is as it was after step " + trace.circleFrom + ": it can go on like this for ever.");
    if (trace.circleFrom === undefined && at === last) box("", trace.what.split("\n")[0]);
    var way = consumed[at] === undefined ? undefined : ways[consumed[at]];
    if (way !== undefined) section("Consumed", [[make("code", "", way.what), " from " + nodes[way.from], goTo(way.sentAt)]]);
    if (step.client !== undefined) section("Called by", [["client " + step.client]]);
    section("Sent", sent[at].map(function (index) {
      var each = ways[index], parts = [make("code", "", each.what), " to " + nodes[each.to]];
      if (step.node < 0) parts.push(" from " + nodes[each.from]);
      parts.push(each.consumedAt === undefined ? make("span", "soft", each.isLost ? " (lost in a crash)" : " (still under way at the end)") : goTo(each.consumedAt));
      return parts;
    }));
    section("Answered", step.answered.map(function (answer) { return ["client " + answer.client + " is told ", make("code", "", answer.what)]; }));
    section("Changed", step.changes.map(change));
    if (step.changes.length === 0 && step.node >= 0) details.appendChild(make("p", "soft", "It changed nothing."));
    if (step.node >= 0) details.appendChild(make("p", "soft", step.of === 1 ? "Nothing else could have happened." : "One of " + step.of + " turns that could have happened."));
  }

  // ---- keys and buttons

  function move(by) {
    var at = visible.indexOf(chosen);
    if (visible.length > 0) choose(visible[Math.max(0, Math.min(visible.length - 1, at + by))], true);
  }

  function toggleCauses() {
    causesOf = causesOf < 0 ? chosen : -1;
    element("causes").setAttribute("aria-pressed", String(causesOf >= 0));
    arrange();
    if (place[chosen] !== undefined) reveal(place[chosen]);
  }

  var keys = {
    ArrowDown: function () { move(1); }, ArrowUp: function () { move(-1); }, j: function () { move(1); }, k: function () { move(-1); },
    PageDown: function () { move(15); }, PageUp: function () { move(-15); }, Home: function () { move(-Infinity); }, End: function () { move(Infinity); },
    ArrowLeft: function () { if (consumed[chosen] !== undefined) choose(ways[consumed[chosen]].sentAt, true); },
    ArrowRight: function () {
      var next = sent[chosen].map(function (way) { return ways[way].consumedAt; }).filter(function (at) { return at !== undefined; });
      if (next.length > 0) choose(Math.min.apply(null, next), true);
    },
    c: toggleCauses,
    "/": function () { element("find").focus(); }
  };

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === element("find")) {
      if (event.key === "Escape" || event.key === "Enter") list.focus();
      return;
    }
    if (keys[event.key] === undefined) return;
    event.preventDefault();
    keys[event.key]();
  });
  list.addEventListener("click", function (event) {
    var row = event.target.closest("li");
    if (row !== null) choose(rows.indexOf(row), false);
  });
  document.querySelector(".nodes").addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (button === null) return;
    if (button.id === "all") return showAll();
    var node = Number(button.dataset.node);
    hidden[node] = !hidden[node];
    button.setAttribute("aria-pressed", String(!hidden[node]));
    arrange();
  });
  Array.prototype.forEach.call(document.querySelectorAll(".mark"), function (button) {
    button.addEventListener("click", function () { choose(Number(button.dataset.step), true); list.focus(); });
  });
  element("causes").addEventListener("click", toggleCauses);
  element("find").addEventListener("input", function (event) {
    needle = event.target.value.trim().toLowerCase();
    arrange();
  });

  scroller.addEventListener("scroll", draw, { passive: true });
  window.addEventListener("resize", draw);
  arrange();
  var asked = /^#s(\d+)$/.exec(location.hash);
  choose(asked !== null && rows[asked[1]] !== undefined ? Number(asked[1]) : last, true);
  list.focus({ preventScroll: true });
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
})();
`;
