import { render } from 'preact';
import { App } from './frame/app';
import { applyTheme, savedTheme } from './frame/theme';
import './style/colours.css';
import './style/frame.css';
import './style/parts.css';
import './style/views.css';

applyTheme(savedTheme());
render(<App />, document.getElementById('app')!);
