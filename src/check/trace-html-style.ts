/** How the page of trace-html.ts looks, light and dark. Asks for no fonts or pictures. */

const light = ["#2463d6", "#c2500c", "#15803d", "#8b2fd6", "#b91c4b", "#0e7490", "#946200", "#4f7a12", "#b5188c", "#52606d"];
const dark = ["#7fb0ff", "#ff9d5c", "#5fd38a", "#c79bff", "#ff8aa5", "#4fd0e6", "#e8bd4a", "#a9d65c", "#ff8fdc", "#a9b6c3"];

const variables = (colours: readonly string[]): string => colours.map((colour, i) => `--n${i}:${colour};`).join("");

export const pageStyle = `
:root{color-scheme:light dark;--back:#fbfbfa;--panel:#fff;--ink:#1d2329;--soft:#5b6672;--line:#dfe3e7;--hover:#f0f3f6;--pick:#e2edff;--pickline:#2463d6;--bad:#b3261e;--badback:#fdeceb;--warn:#8a5a00;--warnback:#fff3d6;--loop:#6b3fa0;--loopback:#f5effc;--gone:#b3261e;--new:#15703a;${variables(light)}}
@media (prefers-color-scheme:dark){:root{--back:#14181c;--panel:#1b2026;--ink:#e3e8ed;--soft:#98a4b0;--line:#313942;--hover:#20262d;--pick:#1d3354;--pickline:#7fb0ff;--bad:#ff8a80;--badback:#3a1d1c;--warn:#f0c265;--warnback:#37290c;--loop:#c79bff;--loopback:#271d38;--gone:#ff9d94;--new:#6fdc9a;${variables(dark)}}}
${light.map((_, i) => `.c${i}{--own:var(--n${i})}`).join("")}
*{box-sizing:border-box}
[hidden]{display:none!important}
html,body{height:100%;margin:0}
body{display:flex;flex-direction:column;background:var(--back);color:var(--ink);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header{padding:12px 18px 10px;border-bottom:1px solid var(--line);background:var(--panel)}
.file{margin:0;color:var(--soft);font-size:12.5px}
h1{margin:2px 0 0;font-size:19px;font-weight:600;line-height:1.35}
.badge{display:inline-block;padding:1px 8px;margin-right:4px;border-radius:4px;background:var(--bad);color:var(--panel);font-size:12px;font-weight:600;vertical-align:3px;letter-spacing:.02em}
.wrong{margin:2px 0 0;color:var(--bad);overflow-wrap:anywhere}
details pre{max-height:10em;overflow:auto;margin:4px 0}
.tools{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;margin-top:10px}
.nodes{display:flex;flex-wrap:wrap;gap:4px}
button,input{font:inherit;font-size:13px;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:3px 9px}
button{cursor:pointer}
button:hover{background:var(--hover)}
button[aria-pressed=true]:not(.node){background:var(--pick);border-color:var(--pickline)}
.node::before{content:"";display:inline-block;width:9px;height:9px;margin-right:6px;border-radius:50%;border:2px solid var(--own);background:var(--own);vertical-align:-1px}
.node[aria-pressed=false]{color:var(--soft);text-decoration:line-through}
.node[aria-pressed=false]::before{background:transparent}
.mark.critical{color:var(--warn);border-color:currentColor}
.mark.circle{color:var(--loop);border-color:currentColor}
.find{color:var(--soft);font-size:13px}
.find input{width:13em;color:var(--ink)}
:focus-visible{outline:2px solid var(--pickline);outline-offset:1px}
main{flex:1;min-height:0;display:flex}
#scroller{flex:1;min-width:0;overflow:auto;position:relative;overscroll-behavior:contain}
#lanes{position:sticky;top:0;z-index:3;height:30px;background:var(--back);border-bottom:1px solid var(--line)}
#lanes span{position:absolute;bottom:5px;transform:translateX(-50%);text-align:center;font-size:12.5px;font-weight:600;color:var(--own,var(--soft));overflow:hidden;text-overflow:ellipsis;white-space:nowrap;line-height:18px}
#lanes.narrow{height:86px}
#lanes.narrow span{writing-mode:vertical-rl;transform:translateX(-50%) rotate(180deg);max-height:78px;text-align:left}
#sheet{position:relative;min-width:calc(var(--lanes,0px) + 240px)}
#diagram{position:absolute;left:0;top:0;z-index:1;pointer-events:none;overflow:visible}
#steps{list-style:none;margin:0;padding:0 0 24px;outline:none}
#steps li{height:24px;line-height:24px;white-space:nowrap;padding-left:var(--lanes,0);position:relative;cursor:default;content-visibility:auto;contain-intrinsic-size:auto 24px}
#steps li:hover{background:var(--hover)}
#steps li.circle{background:var(--loopback)}
#steps li.critical{background:var(--warnback)}
#steps li.last{background:var(--badback)}
#steps li[aria-selected=true]{background:var(--pick);box-shadow:inset 3px 0 var(--pickline)}
#steps:focus-visible li[aria-selected=true]{outline:1.5px solid var(--pickline);outline-offset:-1.5px}
.number{position:absolute;left:0;width:46px;text-align:right;color:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}
.text{display:block;overflow:hidden;text-overflow:ellipsis;padding:0 14px 0 10px;font-size:13px}
.text b{color:var(--own,var(--soft));font-weight:600}
.text i{color:var(--soft);font-style:normal;margin-left:8px}
.text em{color:var(--bad);font-style:normal;margin-left:6px}
.note{display:inline-block;margin-right:5px;line-height:17px;padding:0 6px;border-radius:4px;font-size:11.5px;font-weight:600;border:1px solid currentColor;color:var(--loop)}
.critical .note{color:var(--warn)}
.last .note{color:var(--bad)}
#none{padding:24px;color:var(--soft)}
.lane{stroke:var(--own,var(--soft));stroke-width:1.5;opacity:.28}
.birth{stroke:var(--soft);stroke-width:1.5;opacity:.5}
.dot{fill:var(--own);stroke:var(--own);stroke-width:2}
.dot.inner{fill:var(--back)}
.dot.threw{stroke:var(--bad);stroke-width:3}
.cross{stroke:var(--bad);stroke-width:2.5;fill:none}
.way{stroke:var(--own);fill:var(--own);stroke-width:1.3;opacity:.62}
.under{stroke-dasharray:3 3}
.call{stroke:var(--soft);fill:var(--soft);stroke-width:1.3;opacity:.8}
.on{stroke-width:3;opacity:1}
.loop{stroke:var(--loop);stroke-width:2;fill:none}
.loophead{fill:var(--loop)}
aside{width:390px;flex:none;overflow:auto;border-left:1px solid var(--line);background:var(--panel);padding:14px 18px}
aside h2{margin:0;font-size:16px}
aside h2 b{color:var(--own,var(--soft))}
aside h3{margin:16px 0 4px;font-size:11.5px;text-transform:uppercase;letter-spacing:.06em;color:var(--soft)}
aside p{margin:4px 0}
aside ul{margin:0;padding:0;list-style:none}
aside li{padding:3px 0;overflow-wrap:anywhere}
aside code,aside pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere;white-space:pre-wrap;margin:0}
aside .go{padding:0 7px;font-size:12px;line-height:18px;margin-left:4px}
aside .was{color:var(--gone)}
aside .is{color:var(--new)}
aside .soft{color:var(--soft)}
aside .box{border-left:3px solid var(--bad);background:var(--badback);padding:6px 10px;margin:8px 0}
aside .box.critical{border-color:var(--warn);background:var(--warnback)}
aside .box.circle{border-color:var(--loop);background:var(--loopback)}
footer{padding:5px 18px;border-top:1px solid var(--line);color:var(--soft);font-size:12px;background:var(--panel)}
kbd{border:1px solid var(--line);border-radius:4px;padding:0 5px;margin:0 1px 0 8px;font:inherit}
kbd+kbd{margin-left:1px}
@media (max-width:900px){main{flex-direction:column}aside{width:auto;max-height:42%;border-left:0;border-top:1px solid var(--line)}footer{display:none}}
@media print{html,body{height:auto}main{display:block}#scroller{overflow:visible}aside,footer,.tools{display:none}}
`;
