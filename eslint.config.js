import js from "@eslint/js";

const readonly = (...names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default [
  { ignores: ["plasticity_bench/report/web/report.js"] }, // the bundle
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-undef": "error",
      "no-unused-vars": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["plasticity_bench/report/web/src/*.js"],
    languageOptions: {
      globals: readonly(
        "Blob", "CustomEvent", "DecompressionStream", "IntersectionObserver", "ResizeObserver", "Response", "URL", "XMLSerializer",
        "atob", "document", "getComputedStyle", "globalThis", "localStorage", "matchMedia", "requestAnimationFrame", "setTimeout",
      ),
    },
  },
  {
    files: ["plasticity_bench/leaderboard/web/*.js"],
    languageOptions: { globals: readonly("FormData", "document", "setTimeout") },
  },
  {
    files: ["plasticity_bench/report/web/build.js"],
    languageOptions: { globals: readonly("console") },
  },
];
