// Runs before the first paint, so that the remembered theme and language never flash. Keys: stores/preferences.ts.
(function () {
  var root = document.documentElement;
  try {
    var theme = localStorage.getItem('kaibo.theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    var locale = localStorage.getItem('kaibo.locale');
    if (locale) root.lang = locale;
    root.toggleAttribute('data-less-motion', localStorage.getItem('kaibo.lessMotion') === 'true');
  } catch {
    // Storage may be forbidden; the system's theme is used then.
  }
})();
