// Asks who is there, when the API does: a user, or whoever holds the API's token.

import { useState } from 'preact/hooks';
import { ask, get, setToken } from './api';
import { usePage } from './context';
import { Choice } from './section';
import type { Session } from './types';

type How = 'email' | 'token';

async function enter(how: How, email: string, secret: string): Promise<void> {
  if (how === 'token') {
    setToken(secret);
    await get<Session>('/api/session').catch((problem: unknown) => {
      setToken(null);
      throw problem;
    });
    return;
  }
  const { token } = await ask<{ token: string }>('POST', '/api/session', {
    email,
    password: secret,
  });
  setToken(token);
}

export function Login() {
  const { say, live } = usePage();
  const [how, setHow] = useState<How>('email');
  const [email, setEmail] = useState('');
  const [secret, setSecret] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [why, setWhy] = useState('');

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setWhy('');
    try {
      await enter(how, email, secret);
      live.start();
    } catch (problem) {
      setWhy(say('loginWrong', { why: problem instanceof Error ? problem.message : '' }));
      setSecret('');
    }
    setBusy(false);
  };
  const choose = (chosen: How) => {
    setHow(chosen);
    setSecret('');
    setWhy('');
  };

  return (
    <form class="login card" onSubmit={submit} aria-labelledby="login-title">
      <h2 id="login-title">{say('loginTitle')}</h2>
      <p class="quiet">{say('loginText')}</p>
      <Choice
        label={say('loginTitle')}
        value={how}
        choose={choose}
        options={[
          { value: 'email', label: say('byEmail') },
          { value: 'token', label: say('byToken') },
        ]}
      />
      {how === 'email' && (
        <label class="field">
          {say('email')}
          <input
            type="email"
            name="email"
            autocomplete="username"
            required
            value={email}
            onInput={(e) => setEmail(e.currentTarget.value)}
          />
        </label>
      )}
      <label class="field">
        {say(how === 'email' ? 'password' : 'token')}
        <input
          type="password"
          name="secret"
          autocomplete={how === 'email' ? 'current-password' : 'off'}
          required
          value={secret}
          onInput={(e) => setSecret(e.currentTarget.value)}
        />
      </label>
      <div role="alert">{why && <p class="notice bad">{why}</p>}</div>
      <button type="submit" class="primary wide" disabled={isBusy}>
        {say('logIn')}
      </button>
    </form>
  );
}
