import './console.css';
import { mount } from 'svelte';
import App from './App.svelte';

const target = document.getElementById('console');
if (target) mount(App, { target });
