import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";

// One file: script and style inside the page, allowed there by their hashes and nothing else allowed at all.
function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      let [html, script, style] = ["", "", ""];
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === "chunk") script += part.code;
        else if (name.endsWith(".css")) style += String(part.source);
        else if (name.endsWith(".html")) html += String(part.source);
        delete bundle[name];
      }
      this.emitFile({ type: "asset", fileName: "page.html", source: joined(html, script.trim(), style.trim()) });
    },
  };
}

function joined(html: string, script: string, style: string): string {
  const code = script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  const policy = [
    "default-src 'none'",
    `script-src '${hash(code)}'`,
    `style-src '${hash(style)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`;
  return html
    .replace(/\s*<script type="module"[^>]*><\/script>/g, "")
    .replace(/\s*<link rel="stylesheet"[^>]*>/g, "")
    .replace(/(<meta charset="utf-8" ?\/?>)/, (first) => `${first}\n    ${meta}`)
    .replace("</head>", () => `<style>${style}</style>\n  </head>`)
    .replace("</body>", () => `<script>${code}</script>\n  </body>`);
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text, "utf8").digest("base64")}`;
}

export default defineConfig({
  plugins: [oneFile()],
  build: {
    outDir: "../src/gradloop/page",
    emptyOutDir: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rolldownOptions: { output: { format: "iife" } },
  },
  test: { include: ["tests/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
