// The bar above: where one is, how the server is, what one likes, who one is.

import { usePage } from './context';
import { lasting } from './format';
import type { Theme } from './settings';
import type { Language, Word } from './texts';

const PLACES: [string, Word][] = [
  ['overview', 'overview'],
  ['traffic', 'traffic'],
  ['fleet', 'fleet'],
  ['models', 'models'],
  ['services', 'servicesShort'],
  ['keys', 'keys'],
  ['users', 'users'],
  ['server', 'server'],
  ['log', 'log'],
];

interface HeaderProps {
  language: Language;
  chooseLanguage: (language: Language) => void;
  theme: Theme;
  chooseTheme: (theme: Theme) => void;
  logOut: () => void;
}

export function Header({ language, chooseLanguage, theme, chooseTheme, logOut }: HeaderProps) {
  const { known, say } = usePage();
  return (
    <header>
      <div class="bar">
        <h1 class="brand">
          <Mark />
          frpx
        </h1>
        {known.phase === 'in' && <State />}
        <div class="settings">
          {known.session && known.phase === 'in' && <Who logOut={logOut} />}
          <label class="pick">
            <span class="hidden">{say('language')}</span>
            <select
              value={language}
              onChange={(e) => chooseLanguage(e.currentTarget.value as Language)}
            >
              <option value="en" lang="en">
                English
              </option>
              <option value="zh" lang="zh-CN">
                中文
              </option>
            </select>
          </label>
          <label class="pick">
            <span class="hidden">{say('theme')}</span>
            <select value={theme} onChange={(e) => chooseTheme(e.currentTarget.value as Theme)}>
              <option value="auto">{say('themeAuto')}</option>
              <option value="light">{say('themeLight')}</option>
              <option value="dark">{say('themeDark')}</option>
            </select>
          </label>
        </div>
      </div>
      {known.phase === 'in' && (
        <nav aria-label={say('nav')}>
          <ul>
            {PLACES.map(([place, word]) => (
              <li key={place}>
                <a href={`#${place}`}>{say(word)}</a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </header>
  );
}

const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="9" />
    <path d="M7 9c8 0 6 7 18 7M7 23c8 0 6-7 18-7M7 16h18" />
    <circle cx="25" cy="16" r="3.4" />
  </svg>
);

function State() {
  const { known, say, language } = usePage();
  const [tone, word]: [string, Word] = known.away
    ? ['bad', 'lost']
    : known.health?.status === 'degraded'
      ? ['warn', 'degraded']
      : ['good', 'live'];
  return (
    <p class={`state ${tone}`}>
      <span class="dot" aria-hidden="true" />
      {say(word)}
      {known.stats && !known.away && (
        <span class="uptime">
          {say('up', { time: lasting(known.stats.uptime_seconds, language) })}
        </span>
      )}
    </p>
  );
}

function Who({ logOut }: { logOut: () => void }) {
  const { known, say } = usePage();
  if (!known.session) return null;
  const { role, email, how } = known.session;
  return (
    <div class="who">
      {email && <span class="email">{email}</span>}
      {role === 'viewer' && (
        <span class="pill" title={say('roleViewer')}>
          {say('viewer')}
        </span>
      )}
      {how !== 'loopback' && (
        <button type="button" onClick={logOut}>
          {say('logOut')}
        </button>
      )}
    </div>
  );
}
