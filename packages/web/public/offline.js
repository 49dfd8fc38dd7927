// In the remembered look and language, else the browser's; and back as soon as there is a network. Keys: theme.js.
(function () {
  var root = document.documentElement;
  var locale = navigator.language.toLowerCase().indexOf('en') === 0 ? 'en' : 'zh-CN';
  try {
    locale = localStorage.getItem('kaibo.locale') || locale;
    var theme = localStorage.getItem('kaibo.theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  } catch {
    // Storage may be forbidden.
  }
  root.lang = locale;
  root.classList.add('by-language');
  window.addEventListener('online', function () {
    window.location.reload();
  });
})();
