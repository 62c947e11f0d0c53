import { render } from 'preact';
import { App } from './app';
import { Live } from './live';

const root = document.getElementById('app');
if (root) render(<App live={new Live()} />, root);
